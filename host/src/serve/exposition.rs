//! Selects the text format in which a client wants the metrics, and writes Prometheus' older one.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exposition {
    /// Prometheus' own text format, which every reader knows.
    Text,
    /// [OpenMetrics](https://prometheus.io/docs/specs/om/open_metrics_spec/), for clients that ask for it.
    OpenMetrics,
}

impl Exposition {
    /// Returns the format that the client prefers; Prometheus' own format if it states no preference.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let ranges = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let ranges: Vec<(String, f32)> = ranges.flat_map(|ranges| ranges.split(',')).map(weighed).collect();
        let weight = |names: &[&str]| {
            let weights = ranges.iter().filter(|(range, _)| names.contains(&range.as_str()));
            weights.map(|(_, weight)| *weight).fold(0.0, f32::max)
        };
        let open = weight(&["application/openmetrics-text"]);
        if open > weight(&["text/plain", "text/*", "*/*"]) { Self::OpenMetrics } else { Self::Text }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Converts OpenMetrics text to this format.
    pub(super) fn write(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Text => text(&open_metrics),
        }
    }
}

/// Splits a media range from its weight, which is 1 by default.
fn weighed(range: &str) -> (String, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts.find_map(|part| part.strip_prefix("q=")?.parse().ok());
    (name, weight.unwrap_or(1.0))
}

/// Converts to the older format. There, the help and type of a counter carry the name of its samples, with
/// `_total`, and there are no units and no end marker.
fn text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if line.starts_with("# HELP ") {
            help = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' '));
            continue;
        }
        if line.starts_with("# UNIT ") || line == "# EOF" {
            continue;
        }
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let total = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take().filter(|(helped, _)| *helped == name) {
                text.push_str(&format!("# HELP {name}{total} {words}\n"));
            }
            text.push_str(&format!("# TYPE {name}{total} {kind}\n"));
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Exposition {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Exposition::wanted(&headers)
    }

    #[test]
    fn accept_decides_and_plain_text_is_the_default() {
        assert_eq!(Exposition::wanted(&HeaderMap::new()), Exposition::Text);
        for (accept, format) in [
            ("*/*", Exposition::Text),
            ("text/plain", Exposition::Text),
            ("text/html, */*;q=0.8", Exposition::Text),
            ("application/openmetrics-text", Exposition::OpenMetrics),
            ("application/openmetrics-text;q=0", Exposition::Text),
            (
                "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.1",
                Exposition::Text,
            ),
            (
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,\
                 text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
                Exposition::OpenMetrics,
            ),
        ] {
            assert_eq!(wanted(accept), format, "{accept}");
        }
    }

    #[test]
    fn a_counters_help_stands_under_the_name_of_its_samples() {
        let open = "# HELP c_polls Polls, by outcome.\n# TYPE c_polls counter\nc_polls_total{a=\"b\"} 1\n\
                    # HELP c_lag_seconds Lag.\n# TYPE c_lag_seconds gauge\n# UNIT c_lag_seconds seconds\n\
                    c_lag_seconds 2.5\n# EOF\n";
        let plain = "# HELP c_polls_total Polls, by outcome.\n# TYPE c_polls_total counter\n\
                     c_polls_total{a=\"b\"} 1\n# HELP c_lag_seconds Lag.\n# TYPE c_lag_seconds gauge\n\
                     c_lag_seconds 2.5\n";
        assert_eq!(Exposition::Text.write(open.to_owned()), plain);
        assert_eq!(Exposition::OpenMetrics.write(open.to_owned()), open);
    }
}

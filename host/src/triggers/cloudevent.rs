//! An event as callbacks receive it: a [CloudEvent].
//!
//! [CloudEvent]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::call::Connection;
use crate::clock::Timestamp;
use crate::store::Stored;

/// The version of the CloudEvents specification.
pub(super) const SPEC_VERSION: &str = "1.0";

/// An event that a trigger found, or that an API pushed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// The event's id: the same at each delivery, and unique within the source.
    pub id: String,
    /// Where the event comes from: `/connector/connection/trigger`.
    pub source: Arc<str>,
    /// What kind of event it is: `connector.trigger`.
    pub kind: Arc<str>,
    /// When the event happened, according to the connector, if that is an RFC 3339 time.
    pub time: Option<String>,
    /// When the event was found, by this machine's clock.
    pub found_at: Timestamp,
    /// The number of this delivery attempt, starting at 1.
    pub attempt: u32,
    data: Arc<RawValue>,
}

/// What the events of a watch have in common.
#[derive(Debug, Clone)]
pub(super) struct Origin {
    source: Arc<str>,
    kind: Arc<str>,
}

impl Origin {
    pub(super) fn of(connection: &Connection, trigger: &str) -> Self {
        let connector = &connection.connector().manifest().name;
        Self {
            source: format!("/{}", watch_name(connection, trigger)).into(),
            kind: format!("{connector}.{}", trigger.replace('/', ".")).into(),
        }
    }

    pub(super) fn event(&self, stored: &Stored) -> Event {
        let data = RawValue::from_string(stored.event.data.clone())
            // The stored data was JSON. If somebody changed it, it is passed on as a JSON string.
            .or_else(|_| serde_json::value::to_raw_value(&stored.event.data))
            .unwrap_or_else(|_| RawValue::NULL.to_owned());
        Event {
            id: stored.event.id.clone(),
            source: Arc::clone(&self.source),
            kind: Arc::clone(&self.kind),
            time: stored.event.time.clone().filter(|time| is_rfc3339(time)),
            found_at: stored.found_at,
            attempt: stored.trouble.as_ref().map_or(0, |trouble| trouble.attempts).saturating_add(1),
            data: data.into(),
        }
    }
}

/// Returns the name of a trigger's watch: connector, connection and trigger. The first two may contain any
/// characters, so they are escaped to keep names distinct.
pub(super) fn watch_name(connection: &Connection, trigger: &str) -> String {
    let connector = &connection.connector().manifest().name;
    let connection = connection.profile().name();
    format!("{}/{}/{trigger}", escaped(connector), escaped(connection))
}

/// Escapes text for a segment of a URI path.
fn escaped(text: &str) -> String {
    const OTHERS: percent_encoding::AsciiSet =
        percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    percent_encoding::utf8_percent_encode(text, &OTHERS).to_string()
}

impl Event {
    /// Returns the event's data as JSON text on one line.
    #[must_use]
    pub fn data(&self) -> &str {
        self.data.get()
    }

    /// Deserialises the event's data into a type of the caller's.
    ///
    /// # Errors
    /// The data does not fit the type.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.data.get())
    }

    /// Returns the whole event in the CloudEvents [JSON format], on one line.
    ///
    /// [JSON format]: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md
    #[must_use]
    pub fn to_json(&self) -> String {
        let whole = Structured {
            specversion: SPEC_VERSION,
            id: &self.id,
            source: &self.source,
            kind: &self.kind,
            subject: &self.id,
            time: self.time.as_deref(),
            datacontenttype: "application/json",
            data: &self.data,
        };
        // Strings and JSON text can always be serialised.
        serde_json::to_string(&whole).unwrap_or_default()
    }
}

#[derive(Serialize)]
struct Structured<'a> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<&'a str>,
    datacontenttype: &'a str,
    data: &'a RawValue,
}

fn is_rfc3339(time: &str) -> bool {
    time.len() >= 20 && time.as_bytes().get(10) == Some(&b'T') && time.parse::<jiff::Timestamp>().is_ok()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::store::Found;

    /// An event with an id.
    pub(in crate::triggers) fn event(id: &str) -> Event {
        let origin = Origin { source: "/echo/default/news".into(), kind: "echo.news".into() };
        let event = Found {
            id: id.into(),
            time: Some("2030-01-01T00:00:00.1234567Z".into()),
            data: "{\"n\":1.10}".into(),
        };
        origin.event(&Stored {
            number: 1,
            event,
            found_at: Timestamp::from_micros(0),
            trouble: None,
            dead_since: None,
        })
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        assert_eq!(
            event("a\n\"b").to_json(),
            "{\"specversion\":\"1.0\",\"id\":\"a\\n\\\"b\",\"source\":\"/echo/default/news\",\"type\":\"echo.news\",\
             \"subject\":\"a\\n\\\"b\",\"time\":\"2030-01-01T00:00:00.1234567Z\",\
             \"datacontenttype\":\"application/json\",\"data\":{\"n\":1.10}}"
        );
    }

    #[test]
    fn only_times_of_the_standard_are_times() {
        assert!(is_rfc3339("2030-01-01T00:00:00Z"));
        assert!(is_rfc3339("2030-01-01T00:00:00.1234567+02:00"));
        for time in ["", "yesterday", "2030-01-01", "2030-01-01T00:00:00", "2030-13-01T00:00:00Z"] {
            assert!(!is_rfc3339(time), "{time}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        assert_eq!(escaped("a/b c"), "a%2Fb%20c");
        assert_eq!(escaped("default-1.x_y~z"), "default-1.x_y~z");
    }
}

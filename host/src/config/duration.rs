//! How people write how long something takes.

use std::time::Duration;

/// `30s`, `5m`, `1h`, `3d`, `100ms`, or a number of seconds; greater than zero.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let factor = match &text[digits.len()..] {
        "" | "s" => 1.0,
        "ms" => 0.001,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let number: f64 = digits.parse().ok()?;
    Duration::try_from_secs_f64(number * factor).ok().filter(|time| !time.is_zero())
}

/// A time from which events count, as ISO 8601: such a time, a date, or how long ago it was.
#[must_use]
pub fn since(text: &str) -> Option<String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.to_string());
    }
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let time = jiff::Timestamp::now().checked_sub(duration(text)?).ok()?;
    Some(time.round(jiff::Unit::Second).ok()?.to_string())
}

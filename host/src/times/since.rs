//! Start times as people write them.

use std::fmt::{self, Display};
use std::str::FromStr;
use std::time::Duration;

use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::{Disambiguation, TimeZone};

use super::duration;
use crate::clock::Timestamp;

/// The length of a date without a time: `2030-01-31`.
const DATE: usize = "2030-01-31".len();

/// A start time, from which something counts: `2030-01-31T12:00:00Z`, `2030-01-31T12:00:00+01:00`,
/// `2030-01-31T12:00:00[Europe/Berlin]`, the date `2030-01-31` (midnight, UTC), `now`, or a duration before
/// the present, as in `2h`.
///
/// Nothing is guessed: a time of day without a zone is refused, and so is a time that the zone skips or has
/// twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Since {
    /// The text as it was written.
    text: String,
    when: When,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum When {
    At(jiff::Timestamp),
    /// A duration before the present, whenever that is.
    Ago(Duration),
}

/// Why a text is not a valid start time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SinceError {
    /// The text is a time of day without a time zone.
    #[error("`{0}` has no time zone")]
    NoZone(String),
    /// The text has a zone in brackets, but is not a valid, unambiguous time in that zone.
    #[error("`{0}` is not a time in that zone: {1}")]
    Zone(String, String),
    /// The text is not a time at all.
    #[error("`{0}` is not a time")]
    Unknown(String),
}

impl SinceError {
    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NoZone(text) => {
                let time = text.replacen(' ', "T", 1);
                format!("add the zone: {time}Z for UTC, {time}+01:00, or {time}[Europe/Berlin]")
            }
            Self::Zone(..) => "give the time in UTC, such as 2030-01-31T12:00:00Z".into(),
            Self::Unknown(_) => {
                "give a time such as 2030-01-31T12:00:00Z, a date, `now`, or how long ago, such as 2h or 1h30m"
                    .into()
            }
        }
    }
}

impl FromStr for Since {
    type Err = SinceError;

    fn from_str(text: &str) -> Result<Self, SinceError> {
        let text = text.trim();
        When::read(text).map(|when| Self { text: text.to_owned(), when })
    }
}

/// Displays the text as it was written.
impl Display for Since {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl When {
    fn read(text: &str) -> Result<Self, SinceError> {
        if text == "now" {
            return Ok(Self::Ago(Duration::ZERO));
        }
        // A number alone may be meant as a date, a year or seconds since 1970.
        if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            return Err(SinceError::Unknown(text.to_owned()));
        }
        if let Some(ago) = duration(text) {
            return Ok(Self::Ago(ago));
        }
        if text.contains('[') {
            return in_zone(text).map(Self::At);
        }
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::At(time));
        }
        match text.parse::<jiff::civil::DateTime>() {
            Ok(midnight) if text.len() == DATE => midnight
                .to_zoned(TimeZone::UTC)
                .map(|time| Self::At(time.timestamp()))
                .map_err(|_| SinceError::Unknown(text.to_owned())),
            Ok(_) => Err(SinceError::NoZone(text.to_owned())),
            Err(_) => Err(SinceError::Unknown(text.to_owned())),
        }
    }
}

/// Parses a time with a zone in brackets. A time that the zone skips or has twice is refused, because it
/// would have to be guessed.
fn in_zone(text: &str) -> Result<jiff::Timestamp, SinceError> {
    const PARSER: DateTimeParser = DateTimeParser::new().disambiguation(Disambiguation::Reject);
    PARSER
        .parse_zoned(text)
        .map(|time| time.timestamp())
        .map_err(|error| SinceError::Zone(text.to_owned(), error.to_string()))
}

impl Since {
    /// Returns the time in ISO 8601, in UTC, taking `now` as the present.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> String {
        match self.when {
            When::At(time) => time.to_string(),
            When::Ago(ago) => {
                let seconds = now.saturating_sub(ago).as_micros().div_euclid(1_000_000);
                jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MIN).to_string()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2030-01-31T12:00:00Z.
    const NOW: Timestamp = Timestamp::from_micros(1_896_091_200_000_000);

    fn read(text: &str) -> Result<String, SinceError> {
        text.parse().map(|since: Since| since.at(NOW))
    }

    #[test]
    fn a_time_is_the_one_that_was_written() {
        for (text, time) in [
            ("2026-03-29T22:30:00Z", "2026-03-29T22:30:00Z"),
            ("2026-03-29 22:30:00z", "2026-03-29T22:30:00Z"),
            ("2026-03-29T22:30:00.1234567+02:00", "2026-03-29T20:30:00.1234567Z"),
            ("2026-03-29T22:30:00[Europe/Berlin]", "2026-03-29T20:30:00Z"),
            ("2026-03-29T22:30:00+02:00[Europe/Berlin]", "2026-03-29T20:30:00Z"),
            ("2026-10-25T02:30:00+01:00[Europe/Berlin]", "2026-10-25T01:30:00Z"),
            ("2026-03-29", "2026-03-29T00:00:00Z"),
            ("now", "2030-01-31T12:00:00Z"),
            ("1w", "2030-01-24T12:00:00Z"),
            ("1h30m", "2030-01-31T10:30:00Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(time), "{text}");
        }
    }

    #[test]
    fn a_number_alone_is_refused_since_it_may_be_a_date_or_seconds() {
        for text in ["20260329", "2026", "1774823400", "90", "1.5"] {
            assert_eq!(read(text), Err(SinceError::Unknown(text.to_owned())), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_without_a_zone_is_refused_with_a_word_about_zones() {
        for text in ["2026-03-29T22:30:00", "2026-03-29T22:30", "2026-03-29 22:30:00", "2026-03-29T22"] {
            let error = read(text).unwrap_err();
            assert!(matches!(error, SinceError::NoZone(_)), "{text}: {error}");
            assert!(error.to_string().contains("no time zone") && error.hint().contains("Z for UTC"));
        }
    }

    #[test]
    fn a_time_that_a_zone_does_not_have_or_has_twice_is_refused() {
        for text in [
            "2026-03-29T02:30:00[Europe/Berlin]",
            "2026-10-25T02:30:00[Europe/Berlin]",
            "2026-03-29T22:30:00+05:00[Europe/Berlin]",
            "2026-03-29T22:30:00[Europe/Nowhere]",
        ] {
            assert!(matches!(read(text), Err(SinceError::Zone(..))), "{text}: {:?}", read(text));
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in ["", "soon", "2026-02-30", "2026-13-01T00:00:00Z", "2 moons", "22:30", "-2h", "yesterday"]
        {
            assert!(matches!(read(text), Err(SinceError::Unknown(_))), "{text}: {:?}", read(text));
        }
    }
}

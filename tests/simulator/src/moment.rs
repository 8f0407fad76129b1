//! Points in time, at the API's own resolution.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time in ticks of 100 ns since the Unix epoch: the resolution in which Defender stamps and
/// compares times.
///
/// It is written as ISO 8601 in UTC with 0 to 7 fraction digits and no trailing zeros, as the API does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

/// The error for text that is not a date and time that the API would accept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a date and time with an offset and at most 7 fraction digits")]
pub struct InvalidMoment(String);

const TICKS_PER_SECOND: i64 = 10_000_000;
/// Ticks between 0001-01-01, from which .NET counts, and 1970-01-01.
const DOTNET_EPOCH: i64 = 621_355_968_000_000_000;

impl Moment {
    /// The current time of this machine's wall clock.
    pub fn system() -> Self {
        Self::from_timestamp(Timestamp::now())
    }

    /// The time this many ticks after the Unix epoch.
    pub const fn from_ticks(ticks: i64) -> Self {
        Self(ticks)
    }

    /// Ticks since the Unix epoch.
    pub const fn ticks(self) -> i64 {
        self.0
    }

    /// Ticks since 0001-01-01, as they appear inside alert ids.
    pub const fn dotnet_ticks(self) -> i64 {
        self.0.saturating_add(DOTNET_EPOCH)
    }

    /// Whole seconds since the Unix epoch, as tokens carry them.
    pub const fn unix_seconds(self) -> i64 {
        self.0.div_euclid(TICKS_PER_SECOND)
    }

    /// This time without its fraction of a second. Investigations are stamped this way.
    pub const fn whole_second(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(TICKS_PER_SECOND)))
    }

    /// The time this long after this one.
    pub fn after(self, span: Duration) -> Self {
        Self(self.0.saturating_add(ticks_of(span)))
    }

    /// The time this long before this one.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(ticks_of(span)))
    }

    /// The time from `earlier` to this one; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let ticks = u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0);
        Duration::from_secs(ticks / TICKS_PER_SECOND as u64)
            + Duration::from_nanos(ticks % TICKS_PER_SECOND as u64 * 100)
    }

    /// Parses `2020-07-20T10:53:50.1234567Z` and its shorter forms. Seconds may be absent, as OData allows.
    pub fn parse(text: &str) -> Result<Self, InvalidMoment> {
        let refused = || InvalidMoment(text.to_owned());
        let bytes = text.as_bytes();
        let separated = bytes.get(10).is_some_and(|byte| *byte == b'T');
        let plain = bytes.iter().all(|byte| byte.is_ascii_digit() || b"-:.+TZ".contains(byte));
        let fraction =
            text.split_once('.').map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
        if !separated || !plain || fraction > 7 {
            return Err(refused());
        }
        text.parse().map(Self::from_timestamp).map_err(|_| refused())
    }

    /// Parses a date (`2018-10-20` or `2018-10-20Z`) as its midnight in UTC. The API's own samples filter by
    /// dates.
    pub fn parse_date(text: &str) -> Result<Self, InvalidMoment> {
        let refused = || InvalidMoment(text.to_owned());
        let date = text.strip_suffix('Z').unwrap_or(text);
        if date.len() != 10 {
            return Err(refused());
        }
        Self::parse(&format!("{date}T00:00:00Z")).map_err(|_| refused())
    }

    fn from_timestamp(timestamp: Timestamp) -> Self {
        // jiff's range is within the years -9999 to 9999, far inside 64 bits of ticks.
        Self(i64::try_from(timestamp.as_nanosecond().div_euclid(100)).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = Timestamp::MAX.as_nanosecond();
        let nanoseconds = (i128::from(self.0) * 100).clamp(Timestamp::MIN.as_nanosecond(), limit);
        match Timestamp::from_nanosecond(nanoseconds) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "{}", Timestamp::MAX),
        }
    }
}

impl std::str::FromStr for Moment {
    type Err = InvalidMoment;

    fn from_str(text: &str) -> Result<Self, InvalidMoment> {
        Self::parse(text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

fn ticks_of(span: Duration) -> i64 {
    i64::try_from(span.as_nanos() / 100).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn writes_as_many_fraction_digits_as_needed() {
        for text in [
            "2020-07-20T10:53:50Z",
            "2020-07-20T10:53:50.19Z",
            "2021-01-26T20:33:57.7220239Z",
            "2020-07-02T20:11:23.0966667Z",
        ] {
            assert_eq!(Moment::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn refuses_what_the_api_refuses() {
        for text in
            ["", "2020-07-20", "2020-07-20T10:53:50", "2020-07-20T10:53:50.12345678Z", "2020-13-20T10:53:50Z"]
        {
            assert!(Moment::parse(text).is_err(), "{text}");
        }
        assert_eq!(Moment::parse_date("2018-10-20Z").unwrap().to_string(), "2018-10-20T00:00:00Z");
    }

    #[test]
    fn counts_as_dotnet_does() {
        // The creation time inside a documented alert id, da637472900382838869_….
        let moment = Moment::parse("2021-01-26T20:33:58.2838869Z").unwrap();
        assert_eq!(moment.dotnet_ticks(), 637_472_900_382_838_869);
    }

    proptest! {
        #[test]
        fn any_tick_survives_its_text(ticks in -62_000_000_000_000_000_i64..2_500_000_000_000_000_000 / 10) {
            let moment = Moment::from_ticks(ticks);
            prop_assert_eq!(Moment::parse(&moment.to_string()), Ok(moment));
        }

        #[test]
        fn junk_is_refused_quietly(text in ".{0,40}") {
            let _ = Moment::parse(&text);
            let _ = Moment::parse_date(&text);
        }
    }
}

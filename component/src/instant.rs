//! Points in time, at the API's own precision.

use crate::prelude::*;
use core::fmt::{self, Display};

/// Ticks per second: the API counts in units of 100 nanoseconds.
const SECOND: i64 = 10_000_000;

/// A point in time, in ticks of 100 nanoseconds since the beginning of 1970, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant(i64);

impl Instant {
    /// Parses an ISO 8601 time. Only the first seven fraction digits count. Without an offset it is UTC.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = (text.get(..10)?, text.get(11..)?);
        if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
            return None;
        }
        let (year, month, day) = (number(date, 0, 4)?, number(date, 5, 7)?, number(date, 8, 10)?);
        let (hour, minute, second) = (number(time, 0, 2)?, number(time, 3, 5)?, number(time, 6, 8)?);
        let separated = date.get(4..5)? == "-"
            && date.get(7..8)? == "-"
            && time.get(2..3)? == ":"
            && time.get(5..6)? == ":";
        let in_range = (1..=12).contains(&month)
            && (1..=days_in(year, month)).contains(&day)
            && hour < 24
            && minute < 60;
        // A leap second is treated as the first second of the next minute.
        if !separated || !in_range || second > 60 {
            return None;
        }
        let (fraction, offset) = fraction(time.get(8..)?)?;
        let days = days_since_1970(year, month, day);
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_seconds(offset)?;
        Some(Self(seconds * SECOND + fraction))
    }

    /// Parses an HTTP date such as `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, 5.6.7), but not the obsolete
    /// forms.
    pub(crate) fn parse_http(text: &str) -> Option<Self> {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let text = text.trim();
        let (date, time) = (text.get(5..16)?, text.get(17..25)?);
        let month = MONTHS.iter().position(|month| date.get(3..6) == Some(month))? + 1;
        let whole = text.get(25..) == Some(" GMT") && text.get(3..5) == Some(", ");
        let (day, year) = (date.get(..2)?, date.get(7..)?);
        Self::parse(&format!("{year}-{month:02}-{day}T{time}Z")).filter(|_| whole)
    }

    /// The time this many seconds and nanoseconds after the beginning of 1970.
    pub(crate) fn since_1970(seconds: u64, nanoseconds: u32) -> Self {
        let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
        Self(seconds.saturating_mul(SECOND).saturating_add(i64::from(nanoseconds / 100)))
    }

    /// The seconds from this time until a later one, rounded up; zero if the other time is earlier.
    pub(crate) fn seconds_until(self, later: Self) -> i64 {
        (later.0.saturating_sub(self.0).max(0)).saturating_add(SECOND - 1) / SECOND
    }

    /// The time this many seconds earlier.
    pub(crate) fn before(self, seconds: u32) -> Self {
        Self(self.0.saturating_sub(i64::from(seconds) * SECOND))
    }

    /// The time this many seconds later.
    pub(crate) fn after(self, seconds: u32) -> Self {
        Self(self.0.saturating_add(i64::from(seconds) * SECOND))
    }

    /// The beginning of this time's second.
    pub(crate) fn whole_second(self) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(SECOND)))
    }

    /// The next tick.
    pub(crate) fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// The number of the second since 1970 that contains this time.
    pub(crate) fn second(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// The last tick of a second.
    pub(crate) fn end_of(second: i64) -> Self {
        Self(second.saturating_mul(SECOND).saturating_add(SECOND - 1))
    }
}

/// UTC with seven fraction digits, as the API writes and compares times.
impl Display for Instant {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let (seconds, ticks) = (self.0.div_euclid(SECOND), self.0.rem_euclid(SECOND));
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(formatter, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ticks:07}Z")
    }
}

fn number(text: &str, from: usize, to: usize) -> Option<i64> {
    let digits = text.get(from..to)?;
    digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse().ok()).flatten()
}

/// Reads a fraction. Returns its ticks and the text after it.
fn fraction(text: &str) -> Option<(i64, &str)> {
    let Some(rest) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = rest.find(|digit: char| !digit.is_ascii_digit()).unwrap_or(rest.len());
    let digits = rest.get(..end.min(7)).filter(|digits| !digits.is_empty())?;
    let missing = u32::try_from(7 - digits.len()).ok()?;
    Some((digits.parse::<i64>().ok()? * 10_i64.pow(missing), &rest[end..]))
}

fn offset_seconds(text: &str) -> Option<i64> {
    let sign = match text.as_bytes() {
        [] | [b'Z' | b'z'] => return Some(0),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, minutes) = (number(text, 1, 3)?, number(text, 4, 6)?);
    let well_formed = text.len() == 6 && text.get(3..4)? == ":" && hours < 24 && minutes < 60;
    well_formed.then_some(sign * (hours * 3600 + minutes * 60))
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The days since 1970. Years are counted from March, so that a leap day is the last day of its year.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + (153 * month + 2) / 5 + day - 1 - 719_468
}

/// The inverse of [`days_since_1970`]. It starts from the year that the mean length of a year suggests.
fn date(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + (days * 400).div_euclid(146_097);
    if days_since_1970(year, 1, 1) > days {
        year -= 1;
    } else if days_since_1970(year + 1, 1, 1) <= days {
        year += 1;
    }
    let month = (1..=12).rev().find(|month| days_since_1970(year, *month, 1) <= days).unwrap_or(1);
    (year, month, days - days_since_1970(year, month, 1) + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Instant;

    #[test]
    fn times_are_read_in_all_precisions() {
        let read = |text: &str| Instant::parse(text).map(|instant| instant.to_string());
        assert_eq!(read("2021-01-26T20:33:57.7220239Z").as_deref(), Some("2021-01-26T20:33:57.7220239Z"));
        assert_eq!(read("2020-02-29T23:59:59Z").as_deref(), Some("2020-02-29T23:59:59.0000000Z"));
        assert_eq!(read("2018-08-02T14:55:03+02:00").as_deref(), Some("2018-08-02T12:55:03.0000000Z"));
        assert_eq!(read("2018-08-02T14:55:03.19").as_deref(), Some("2018-08-02T14:55:03.1900000Z"));
        assert_eq!(read("2018-08-02T14:55:03.123456789Z").as_deref(), Some("2018-08-02T14:55:03.1234567Z"));
        assert_eq!(read("1969-12-31T23:59:59.9999999Z").as_deref(), Some("1969-12-31T23:59:59.9999999Z"));
        assert_eq!(read("0001-01-01T00:00:00Z").as_deref(), Some("0001-01-01T00:00:00.0000000Z"));
    }

    #[test]
    fn times_of_http_are_read() {
        let read = |text: &str| Instant::parse_http(text).map(|instant| instant.to_string());
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT").as_deref(), Some("1994-11-06T08:49:37.0000000Z"));
        for junk in [
            "",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "120",
        ] {
            assert_eq!(read(junk), None, "{junk}");
        }
    }

    #[test]
    fn junk_is_no_time() {
        for junk in [
            "",
            "now",
            "2021-02-29T00:00:00Z",
            "2021-01-01",
            "2021-13-01T00:00:00Z",
            "2021-01-01T24:00:00Z",
            "2021-01-01T00:00:00.Z",
            "2021-01-01T00:00:00+2",
            "2021/01/01T00:00:00Z",
            "2021-01-01X00:00:00Z",
            "é021-01-01T00:00:00Z",
        ] {
            assert_eq!(Instant::parse(junk), None, "{junk}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(ticks in -60_000_000_000_000_000_i64..250_000_000_000_000_000) {
            prop_assert_eq!(Instant::parse(&Instant(ticks).to_string()), Some(Instant(ticks)));
        }
    }
}

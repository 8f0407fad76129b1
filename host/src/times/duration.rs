//! Durations as people write them.

use std::time::Duration;

/// The units, with their lengths in seconds.
const UNITS: [(&str, f64); 7] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
    ("w", 604_800.0),
    // A number alone is seconds.
    ("", 1.0),
];

/// Parses a duration: `30s`, `5m`, `1h`, `3d`, `1w`, `100ms`, several of them together as in `1h30m`, or a
/// number of seconds. Returns `None` if the duration is not greater than zero, and for any other text.
#[must_use]
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut seconds = 0.0;
    let mut units = Vec::new();
    while !rest.is_empty() {
        let (number, after) = split(rest, |letter| letter.is_ascii_digit() || letter == '.');
        let (unit, after) = split(after, |letter| letter.is_ascii_alphabetic());
        let (place, (_, length)) = UNITS.iter().enumerate().find(|(_, (name, _))| *name == unit)?;
        // `1h1h` and `1h30` are mistakes, not durations.
        if units.contains(&place) || unit.is_empty() && number.len() != text.len() {
            return None;
        }
        units.push(place);
        seconds += number.parse::<f64>().ok()? * length;
        rest = after;
    }
    Duration::try_from_secs_f64(seconds).ok().filter(|time| !time.is_zero())
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|letter| !belongs(letter)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_numbers_with_units() {
        for (text, seconds) in [
            ("30s", 30.0),
            ("5m", 300.0),
            ("1h", 3600.0),
            ("3d", 259_200.0),
            ("1w", 604_800.0),
            ("100ms", 0.1),
            ("1h30m", 5400.0),
            ("1w2d3h4m5s", 788_645.0),
            ("1.5h", 5400.0),
            ("90", 90.0),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs_f64(seconds)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_not_a_time() {
        for text in [
            "",
            "0",
            "0s",
            "s",
            "h1",
            "-1h",
            "1e3",
            "1e3s",
            "inf",
            "nan",
            "1h30",
            "1h1h",
            "1 h",
            "1y",
            "1M",
            "1..5h",
            ".",
            "1h ",
            "１h",
            "99999999999999999999w",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
    }
}

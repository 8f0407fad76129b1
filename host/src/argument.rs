//! Text given by a flag, or by a file that the flag names.
//!
//! | written | means |
//! |---|---|
//! | `@query.kql` | the file's text, without its last line break |
//! | `@-` | the same for standard input |
//! | `@@team` | `@team` |
//! | anything else | the text as written |

use std::fs::File;
use std::io::{Read, stdin};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::CliError;

/// The most bytes that are read: more than any API accepts, and few enough to do no harm.
const MOST: u64 = 64 << 20;

/// The value of a flag.
pub(crate) struct Argument {
    /// The text.
    pub(crate) text: String,
    /// Where the text is from, if not from the flag itself.
    pub(crate) source: Option<String>,
}

/// Reads the value of a flag.
///
/// # Errors
/// The file cannot be read, is not UTF-8, or is too long.
pub(crate) fn read(written: &str) -> Result<Argument, CliError> {
    let Some(rest) = written.strip_prefix('@') else {
        return Ok(Argument { text: written.to_owned(), source: None });
    };
    match rest {
        "-" => standard_input(),
        rest if rest.starts_with('@') => Ok(Argument { text: rest.to_owned(), source: None }),
        path => {
            let read = File::open(path).and_then(whole);
            let text = read.map_err(|error| {
                CliError::usage(
                    format!("cannot read {path}: {error}"),
                    "`@` names a file of UTF-8 text that you may read; for a text that begins with `@`, write `@@`",
                )
            })?;
            Ok(Argument { text, source: Some(path.to_owned()) })
        }
    }
}

/// Reads standard input as a file is read.
///
/// # Errors
/// As for [`read`].
pub(crate) fn standard_input() -> Result<Argument, CliError> {
    static READ: AtomicBool = AtomicBool::new(false);
    if READ.swap(true, Ordering::Relaxed) {
        return Err(CliError::usage(
            "standard input is asked for twice, and can be read once",
            "give one of the texts in a file: @FILE",
        ));
    }
    let text = whole(stdin().lock()).map_err(|error| {
        CliError::usage(format!("cannot read standard input: {error}"), "give UTF-8 text")
    })?;
    Ok(Argument { text, source: Some("standard input".into()) })
}

fn whole(from: impl Read) -> std::io::Result<String> {
    let mut text = String::new();
    if from.take(MOST + 1).read_to_string(&mut text)? as u64 > MOST {
        return Err(std::io::Error::other(format!("it has more than {} MiB", MOST >> 20)));
    }
    // Editors on Windows put a byte order mark before the text, and editors everywhere a line break after it.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_at_names_a_file_and_two_begin_a_text_with_one() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "\u{feff}DeviceInfo\r\n| take 1\r\n").unwrap();
        let text = |written: &str| read(written).unwrap().text;
        assert_eq!(text(&format!("@{}", file.path().display())), "DeviceInfo\r\n| take 1");
        assert_eq!(text("@@team, look"), "@team, look");
        assert_eq!(text("@@"), "@");
        assert_eq!(text("a@b.c"), "a@b.c");
        assert_eq!(text(""), "");
        let missing = read("@no such file").err().unwrap();
        assert!(matches!(missing, CliError::Usage { hint, .. } if hint.to_string().contains("write `@@`")));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_without_an_end_is_not_read_for_ever() {
        let CliError::Usage { message, .. } = read("@/dev/zero").err().unwrap() else {
            panic!("it is usage")
        };
        assert!(message.contains("more than 64 MiB"), "{message}");
    }
}

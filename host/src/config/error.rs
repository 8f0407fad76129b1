//! What is wrong with a configuration, where, and how to fix it.

use std::path::{Path, PathBuf};

use super::trigger::TriggerProblem;
use crate::connection::{ProfileError, Proposal};
use crate::remedy::Remedy;
use crate::similar::most_similar;

/// What is wrong with a configuration. Values from the file are not shown, since they may be secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The configuration file does not exist.
    #[error("there is no configuration file {}", path.display())]
    NoFile {
        /// The path of the configuration file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read: {message}", path.display())]
    Unreadable {
        /// The path of the configuration file.
        path: PathBuf,
        /// Why it cannot be read.
        message: String,
    },
    /// The file is not text.
    #[error("{}:{line}: the configuration file is not UTF-8", path.display())]
    NotUtf8 {
        /// The path of the configuration file.
        path: PathBuf,
        /// The line number, counted from 1.
        line: usize,
    },
    /// The file is not TOML, or has a key that does not exist or a value of the wrong kind.
    #[error("{}:{line}: {message}", path.display())]
    Malformed {
        /// The path of the configuration file.
        path: PathBuf,
        /// The line number, counted from 1.
        line: usize,
        /// What is wrong.
        message: String,
        /// What to do next.
        hint: String,
    },
    /// The configuration has no connection of this name.
    #[error("{} has no connection \"{name}\"", path.display())]
    NoConnection {
        /// The path of the configuration file.
        path: PathBuf,
        /// The name that was asked for.
        name: String,
        /// The names of the connections that exist.
        known: Vec<String>,
    },
    /// The connection is incomplete or invalid.
    #[error("{}: connections.{connection}: {error}", path.display())]
    Invalid {
        /// The path of the configuration file.
        path: PathBuf,
        /// The connection's name.
        connection: String,
        /// What is wrong.
        error: Box<ProfileError>,
    },
    /// A trigger's table is invalid.
    #[error("{}: triggers.{name}: {problem}", path.display())]
    Trigger {
        /// The path of the configuration file.
        path: PathBuf,
        /// The table's name.
        name: String,
        /// What is wrong.
        problem: TriggerProblem,
    },
}

impl ConfigError {
    pub(super) fn malformed(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        let (message, hint) = Complaint::of(error.message()).said();
        Self::Malformed { path: path.into(), line, message, hint }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::NoFile { .. } => Remedy::Configure,
            Self::Unreadable { .. } => "check that it is a file and that this user may read it".into(),
            Self::NotUtf8 { .. } => "save it as UTF-8".into(),
            Self::Malformed { hint, .. } => hint.clone().into(),
            Self::NoConnection { name, known, .. } => {
                match most_similar(name, known.iter().map(String::as_str)) {
                    Some(similar) => Remedy::DidYouMean { name: similar.to_owned() },
                    None if known.is_empty() => Remedy::Configure,
                    None => format!("the file has: {}", known.join(", ")).into(),
                }
            }
            Self::Invalid { error, connection, .. } => match &**error {
                ProfileError::Unaccepted { proposals } => format!(
                    "if you trust whoever runs these addresses with the connection's credential, add them to the \
                     configuration:\n{}",
                    Proposal::lines(proposals, connection)
                )
                .into(),
                error => error.hint(),
            },
            Self::Trigger { problem, .. } => problem.hint(),
        }
    }
}

/// An error of the parser. It names keys between backticks, and quotes values, which must not be shown.
enum Complaint<'a> {
    Unknown { what: &'a str, name: &'a str, known: Vec<&'a str> },
    Missing(&'a str),
    Value { expected: &'a str },
    Syntax(&'a str),
}

impl<'a> Complaint<'a> {
    fn of(message: &'a str) -> Self {
        let mut quoted = message.split('`').skip(1).step_by(2);
        match message.split(' ').collect::<Vec<_>>()[..] {
            ["unknown", what @ ("field" | "variant"), ..] => {
                Self::Unknown { what, name: quoted.next().unwrap_or_default(), known: quoted.collect() }
            }
            ["missing", "field", ..] => Self::Missing(quoted.next().unwrap_or_default()),
            ["invalid", "type:" | "value:", ..] => {
                let expected =
                    message.rsplit_once(", expected ").map_or("something else", |(_, expected)| expected);
                Self::Value { expected }
            }
            _ => Self::Syntax(message.lines().next().unwrap_or_default()),
        }
    }

    fn said(self) -> (String, String) {
        match self {
            Self::Unknown { what: "field", name, known } => {
                (format!("unknown key `{name}`"), for_key(name, &known))
            }
            // A value that must be one of a fixed set: the given one is shown only if it looks like a typo.
            Self::Unknown { name, known, .. } => match most_similar(name, known.iter().copied()) {
                Some(similar) => {
                    (format!("unknown value \"{name}\""), format!("did you mean \"{similar}\"?"))
                }
                None => ("unknown value".into(), format!("one of: {}", known.join(", "))),
            },
            Self::Missing(name) => (format!("the key `{name}` is missing"), format!("set `{name}`")),
            Self::Value { expected } => {
                ("the value is of the wrong kind".into(), format!("it should be {}", in_words(expected)))
            }
            Self::Syntax(message) => {
                (message.to_owned(), "see https://toml.io for how such a file is written".into())
            }
        }
    }
}

/// The parser's name for a type, in plain words.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, without quotes",
        "a boolean" => "true or false, without quotes",
        "a string" => "text in quotes",
        "a sequence" => "a list in brackets",
        "a map" => "a table",
        structure if structure.starts_with("struct ") => "a table",
        other => other,
    }
}

/// Keys with which people might try to put a secret directly into the file.
const INLINE: [&str; 10] = [
    "client-secret",
    "client_secret",
    "clientSecret",
    "secret",
    "password",
    "token",
    "access-token",
    "access_token",
    "api-key",
    "key",
];

fn for_key(name: &str, known: &[&str]) -> String {
    if INLINE.contains(&name) {
        return if name.contains("oken") {
            "a token does not belong in this file; name the variable that holds it in `token-env`".into()
        } else {
            "a secret does not belong in this file; name the variable that holds it in `client-secret-env`, or a file \
             in `client-secret-file`"
                .into()
        };
    }
    match most_similar(name, known.iter().copied()) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => format!("the keys here are: {}", known.join(", ")),
    }
}

//! The configuration file's tables of triggers.
//!
//! ```toml
//! [triggers.soc]
//! connection = "default"
//! trigger = "new-alerts"
//! to = "https://soar.example.com/hooks/alerts"
//! secret-env = ["HOOK_SECRET"]
//! ```

use std::time::Duration;

use serde::Deserialize;

use super::{DEFAULT_CONNECTION, is_variable_name};
use crate::remedy::Remedy;
use crate::times::{Since, SinceError, duration};
use crate::triggers::Envelope;

/// The longest name of a trigger's table, in bytes.
const LONGEST_NAME: usize = 63;
/// The longest time that a trigger may look back, as defined by the contract.
pub const MOST_OVERLAP: Duration = Duration::from_secs(86_400);

/// A trigger to serve, and where its events go.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TriggerSettings {
    /// The table's name.
    pub name: String,
    /// The name of the connection to use.
    pub connection: String,
    /// The connector's trigger, such as `new-alerts`.
    pub trigger: String,
    /// How events are received: by polling or by push.
    pub source: TriggerSource,
    /// Where its events go: an address, `exec:…` or `-`.
    pub to: String,
    /// The environment variables that hold the secrets to sign deliveries with.
    pub secret_env: Vec<String>,
    /// Whether the body of a delivery is the event's data alone.
    pub binary: bool,
    /// The envelope that each event is wrapped in.
    pub format: Envelope,
    /// Whether `to` may be an address on this machine.
    pub allow_loopback_http: bool,
    /// How long one delivery may take.
    pub timeout: Option<Duration>,
    /// How long to retry an event before it is dead-lettered.
    pub give_up: Option<Duration>,
}

/// How the events of a trigger are received.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TriggerSource {
    /// The host polls the API.
    Poll {
        /// On the first start, the time from which to report events.
        since: Option<Since>,
        /// How often to poll.
        interval: Option<Duration>,
        /// How far each poll looks back.
        overlap: Option<Duration>,
        /// The maximum number of events to fetch with one request.
        page_size: Option<u32>,
        /// The share of the quota that polls may use, in per cent.
        quota_share: Option<u8>,
    },
    /// The API sends notifications.
    Push {
        /// The environment variables that hold the secrets that the sender signs with.
        verify_env: Vec<String>,
        /// The environment variable that holds the secret part of the address, if the address was given to
        /// the sender by hand.
        path_secret_env: Option<String>,
    },
}

/// An error in a trigger's table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TriggerProblem {
    /// The name of the table cannot be part of an address.
    #[error(
        "the name may have lower-case letters, digits and hyphens only, and at most {LONGEST_NAME} of them"
    )]
    Name,
    /// A key has an invalid value.
    #[error("the value of `{key}` is {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// The value is not the name of an environment variable. It is not shown, since it may be the secret
    /// itself.
    #[error("`{0}` is not the name of an environment variable")]
    VariableName(&'static str),
    /// `since` is not a valid time.
    #[error("`since` is wrong: {0}")]
    Since(SinceError),
    /// A key belongs to the other kind of source.
    #[error("`{key}` is for triggers with `source = \"{of}\"`")]
    OutOfPlace {
        /// The key.
        key: &'static str,
        /// The value of `source` that the key belongs to.
        of: &'static str,
    },
    /// Two tables describe the same trigger of the same connection.
    #[error("it is the same trigger of the same connection as triggers.{0}")]
    Twice(String),
}

impl TriggerProblem {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::Name => "give it a name such as `soc-alerts`".into(),
            Self::Since(error) => error.hint().into(),
            Self::Value { key: "page-size", .. } => "give a number such as 100".into(),
            Self::Value { key: "quota-share", .. } => "give a percentage from 1 to 100".into(),
            Self::Value { key: "format", .. } => "use \"cloudevent\" or \"body\"".into(),
            Self::Value { key: "to", .. } => {
                "give an https address, \"exec:program argument\", or \"-\" for standard output".into()
            }
            Self::Value { .. } => "give a time such as \"30s\", \"5m\" or \"1h\"".into(),
            Self::VariableName(key) => format!(
                "set `{key}` to the name of the variable that holds the secret; if the secret itself was written there, \
                 replace it: others may have seen it"
            )
            .into(),
            Self::OutOfPlace { key, .. } => format!("leave `{key}` out").into(),
            Self::Twice(_) => "leave one of them out; a receiver can hand events on to others".into(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct TriggerTable {
    connection: Option<String>,
    trigger: String,
    #[serde(default)]
    source: SourceKind,
    to: String,
    #[serde(default)]
    secret_env: Vec<String>,
    #[serde(default)]
    binary: bool,
    format: Option<String>,
    #[serde(default)]
    allow_loopback_http: bool,
    timeout: Option<String>,
    give_up: Option<String>,
    since: Option<String>,
    interval: Option<String>,
    overlap: Option<String>,
    page_size: Option<u32>,
    quota_share: Option<u8>,
    verify_env: Option<Vec<String>>,
    path_secret_env: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum SourceKind {
    #[default]
    Poll,
    Push,
}

impl TriggerTable {
    pub(super) fn settings(&self, name: &str) -> Result<TriggerSettings, TriggerProblem> {
        let letter = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(letter) {
            return Err(TriggerProblem::Name);
        }
        if self.to.trim().is_empty() {
            return Err(TriggerProblem::Value { key: "to", problem: "empty" });
        }
        let verify = self.verify_env.iter().flatten();
        variables("secret-env", &self.secret_env)?;
        variables("verify-env", verify)?;
        variables("path-secret-env", &self.path_secret_env)?;
        Ok(TriggerSettings {
            name: name.to_owned(),
            connection: self.connection.clone().unwrap_or_else(|| DEFAULT_CONNECTION.to_owned()),
            trigger: self.trigger.clone(),
            source: self.source()?,
            to: self.to.clone(),
            secret_env: self.secret_env.clone(),
            binary: self.binary,
            format: match &self.format {
                None => Envelope::default(),
                Some(name) => name.parse().map_err(|_| TriggerProblem::Value {
                    key: "format",
                    problem: "not the name of a format",
                })?,
            },
            allow_loopback_http: self.allow_loopback_http,
            timeout: time("timeout", self.timeout.as_ref())?,
            give_up: time("give-up", self.give_up.as_ref())?,
        })
    }

    fn source(&self) -> Result<TriggerSource, TriggerProblem> {
        let polling = [
            ("since", self.since.is_some()),
            ("interval", self.interval.is_some()),
            ("overlap", self.overlap.is_some()),
            ("page-size", self.page_size.is_some()),
            ("quota-share", self.quota_share.is_some()),
        ];
        let pushing =
            [("verify-env", self.verify_env.is_some()), ("path-secret-env", self.path_secret_env.is_some())];
        let (others, of) = match self.source {
            SourceKind::Poll => (&pushing[..], "push"),
            SourceKind::Push => (&polling[..], "poll"),
        };
        if let Some((key, _)) = others.iter().find(|(_, given)| *given) {
            return Err(TriggerProblem::OutOfPlace { key, of });
        }
        if self.source == SourceKind::Push {
            return Ok(TriggerSource::Push {
                verify_env: self.verify_env.clone().unwrap_or_default(),
                path_secret_env: self.path_secret_env.clone(),
            });
        }
        let since = self.since.as_deref().map(str::parse).transpose().map_err(TriggerProblem::Since)?;
        let overlap = time("overlap", self.overlap.as_ref())?;
        if overlap.is_some_and(|overlap| overlap > MOST_OVERLAP) {
            return Err(TriggerProblem::Value { key: "overlap", problem: "more than a day" });
        }
        if self.page_size == Some(0) {
            return Err(TriggerProblem::Value { key: "page-size", problem: "not a number of events" });
        }
        if self.quota_share.is_some_and(|share| !(1..=100).contains(&share)) {
            return Err(TriggerProblem::Value { key: "quota-share", problem: "not a percentage" });
        }
        Ok(TriggerSource::Poll {
            since,
            interval: time("interval", self.interval.as_ref())?,
            overlap,
            page_size: self.page_size,
            quota_share: self.quota_share,
        })
    }
}

impl TriggerSettings {
    /// The environment variables that hold a secret.
    pub(super) fn secret_variables(&self) -> impl Iterator<Item = &str> {
        let (signed, path) = match &self.source {
            TriggerSource::Push { verify_env, path_secret_env } => {
                (&verify_env[..], path_secret_env.as_ref())
            }
            TriggerSource::Poll { .. } => (&[][..], None),
        };
        self.secret_env.iter().chain(signed).chain(path).map(String::as_str)
    }

    /// Whether both describe the same watch.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let pushed = |settings: &Self| matches!(settings.source, TriggerSource::Push { .. });
        (&self.connection, &self.trigger, pushed(self)) == (&other.connection, &other.trigger, pushed(other))
    }
}

fn variables<'a>(
    key: &'static str,
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(), TriggerProblem> {
    match names.into_iter().all(|name| is_variable_name(name)) {
        true => Ok(()),
        false => Err(TriggerProblem::VariableName(key)),
    }
}

fn time(key: &'static str, text: Option<&String>) -> Result<Option<Duration>, TriggerProblem> {
    let parse = |text: &String| duration(text).ok_or(TriggerProblem::Value { key, problem: "not a time" });
    text.map(parse).transpose()
}

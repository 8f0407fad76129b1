//! What is wrong with a profile.

use super::{Proposal, RedirectError, clouds};
use crate::egress::destination::{OriginError, Reason};
use crate::remedy::Remedy;

/// What is wrong with a profile. Keys are named as in the configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// A key is missing.
    #[error("`{key}` is missing")]
    Missing {
        /// The key.
        key: &'static str,
    },
    /// The connector does not know the cloud.
    #[error("`cloud` is \"{name}\", which the connector does not know")]
    UnknownCloud {
        /// The unknown name.
        name: String,
        /// The clouds that the connector has.
        known: Vec<String>,
    },
    /// The address is not a valid origin. It is not shown in full, since it may contain a password.
    #[error("`{key}` is not a valid address: {error}")]
    Origin {
        /// The key.
        key: &'static str,
        /// What is wrong with it.
        error: Box<OriginError>,
    },
    /// Requests may not go to this origin, or only with a further setting.
    #[error("`{key}` cannot be used: {reason}")]
    NotGranted {
        /// The key.
        key: &'static str,
        /// Why requests may not go there.
        reason: Box<Reason>,
    },
    /// A number is out of range.
    #[error("`{key}` is not a number {}", range(*least, *most))]
    Range {
        /// The key.
        key: &'static str,
        /// The least that is allowed.
        least: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// Two keys that exclude each other are both set.
    #[error("`{}` and `{}` are both set", keys[0], keys[1])]
    Both {
        /// The keys.
        keys: [&'static str; 2],
    },
    /// The key does not belong to this kind of credential.
    #[error("`{key}` does not belong to the kind \"{kind}\"")]
    NotOfKind {
        /// The key.
        key: &'static str,
        /// The kind of credential.
        kind: &'static str,
    },
    /// The redirect address is not valid. It is not shown, since it may be a misplaced secret.
    #[error("`auth.redirect-uri` cannot be used: {error}")]
    Redirect {
        /// What is wrong with it.
        error: RedirectError,
    },
    /// The connector's manifest, or the profile, names an invalid path of the token authority.
    #[error("\"{path}\" is not a valid path on the token authority")]
    Endpoint {
        /// The path, cut short and escaped.
        path: String,
    },
    /// The value is not the name of an environment variable. It is not shown, since it may be the secret
    /// itself.
    #[error("`{key}` is not the name of an environment variable")]
    VariableName {
        /// The key.
        key: &'static str,
    },
    /// Only the connector says where the credential would go, and it is not trusted to decide that
    /// ([`Trust`](crate::Trust)).
    #[error("the connector itself would decide where its credential goes: {}", list(proposals))]
    Unaccepted {
        /// What the connector proposes.
        proposals: Vec<Proposal>,
    },
    /// An id or a name is empty or contains invalid characters. It is not shown, since it may be a misplaced
    /// secret.
    #[error("`{key}` is empty or contains invalid characters")]
    Identifier {
        /// The key.
        key: &'static str,
    },
}

impl ProfileError {
    /// The key that is missing or wrong.
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::UnknownCloud { .. } => "cloud",
            Self::Endpoint { .. } => "auth.authority",
            Self::Redirect { .. } => "auth.redirect-uri",
            Self::Missing { key }
            | Self::Origin { key, .. }
            | Self::NotGranted { key, .. }
            | Self::Range { key, .. }
            | Self::NotOfKind { key, .. }
            | Self::VariableName { key }
            | Self::Identifier { key } => key,
            Self::Both { keys: [key, _] } => key,
            Self::Unaccepted { proposals } => proposals.first().map_or("api-url", |proposal| proposal.key),
        }
    }

    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::Missing { key: "auth" } => {
                "choose how to sign in, such as kind = \"client-secret\" or \"token\"; \"none\" sends no token"
                    .into()
            }
            Self::Missing { key: "api-url" } => "set `api-url`, or `cloud` if the connector names any".into(),
            Self::Missing { key: "tenant-id" } => {
                "set `tenant-id` to the directory's id or a domain of it".into()
            }
            Self::Range { key, least, most } => {
                format!("set `{key}` to a number {}, or leave it out", range(*least, *most)).into()
            }
            Self::Identifier { key: key @ ("tenant-id" | "auth.client-id") } => format!(
                "write `{key}` as letters, digits, `-`, `.` and `_`, such as 00000000-0000-0000-0000-000000000000, \
                 without braces or spaces"
            )
            .into(),
            Self::Missing { key } | Self::Identifier { key } => format!("set `{key}`").into(),
            Self::VariableName { key } => format!(
                "set `{key}` to the name of the variable that holds the secret; if the secret itself was written there, \
                 replace it: others may have seen it"
            )
            .into(),
            Self::Both { keys: [_, key] } | Self::NotOfKind { key, .. } => {
                format!("leave `{key}` out").into()
            }
            Self::UnknownCloud { known, name } => clouds::hint(name, known).into(),
            Self::Redirect { .. } => {
                "leave `auth.redirect-uri` out, or set it to the address that the application is registered with".into()
            }
            Self::Endpoint { .. } => {
                "set `auth.token-path` and the like to paths such as /oauth2/token, or report it to the connector's \
                 author"
                    .into()
            }
            Self::Unaccepted { proposals } => {
                let keys: Vec<_> = proposals.iter().map(|proposal| format!("`{}`", proposal.key)).collect();
                format!("set {} yourself, or trust the connector", keys.join(", ")).into()
            }
            Self::Origin { .. } => "write it like https://api.example.com, without a path".into(),
            Self::NotGranted { reason, .. } => match **reason {
                Reason::Loopback(_) => "for tests and simulators, set `allow-loopback-http = true`".into(),
                Reason::Insecure(_) => "use https; http is for this machine alone".into(),
                _ => "use the API's public https address".into(),
            },
        }
    }
}

/// The proposals as text for a message.
fn list(proposals: &[Proposal]) -> String {
    let list: Vec<_> =
        proposals.iter().map(|Proposal { key, value }| format!("`{key}` = \"{value}\"")).collect();
    list.join(", ")
}

fn range(least: u64, most: u64) -> String {
    match most {
        u64::MAX => format!("from {least} on"),
        most => format!("from {least} to {most}"),
    }
}

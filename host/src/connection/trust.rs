//! Who decides where a credential goes.
//!
//! A connector's manifest names where its API is, which authority issues tokens for it, and for which scope.
//! These settings decide who gets the client secret and the token, and the author of the connector wrote
//! them. So they are only proposals until somebody accepts them, either by writing them into the profile or
//! by trusting the connector as a whole.

use super::{AuthDraft, ProfileBuilder, ProfileError};
use crate::manifest::{Cloud, Endpoints};

/// Who decides which addresses and scope a connection uses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Trust {
    /// The profile alone. It must set all of them, or it is refused with [`ProfileError::Unaccepted`].
    #[default]
    Profile,
    /// The connector as well: its manifest provides what the profile leaves out. Its author then decides who
    /// gets the credential, so use this only for a connector whose file is known, such as one built into the
    /// program.
    Connector,
}

/// A setting from a connector's manifest that nobody has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Proposal {
    /// The configuration key that would accept it.
    pub key: &'static str,
    /// The value that the connector proposes, cut short and escaped.
    pub value: String,
}

impl ProfileBuilder {
    /// Refuses settings that only the connector gives, unless it is trusted.
    pub(super) fn accepted(&self, cloud: Option<&Cloud>) -> Result<(), ProfileError> {
        let Some(cloud) = cloud.filter(|_| self.trust == Trust::Profile) else {
            return Ok(());
        };
        let asks_for_a_token = !matches!(self.auth, None | Some(AuthDraft::Ready(_)));
        let speaks_to_authority = asks_for_a_token
            && !matches!(self.auth, Some(AuthDraft::ManagedIdentity { .. } | AuthDraft::AzureCli));
        let mut proposals = Vec::new();
        let mut propose = |key, said: bool, value: &str| {
            if !said {
                proposals.push(Proposal { key, value: shown(value) });
            }
        };
        propose("api-url", self.api_url.is_some(), &cloud.api);
        if speaks_to_authority {
            propose("auth.authority", self.authority.is_some(), &cloud.authority);
        }
        if asks_for_a_token {
            propose("auth.scope", self.scope.is_some(), &cloud.scope);
        }
        if speaks_to_authority {
            let (own, usual) = (&cloud.endpoints, Endpoints::default());
            // Entra's own paths need no acceptance. Of the others, only those that this kind uses do.
            let mut propose =
                |key, said: bool, path: &str, usual: String| propose(key, said || path == usual, path);
            propose("auth.token-path", self.token_path.is_some(), &own.token, usual.token);
            match self.auth {
                Some(AuthDraft::AuthCode { .. }) => propose(
                    "auth.authorization-path",
                    self.authorization_path.is_some(),
                    &own.authorization,
                    usual.authorization,
                ),
                Some(AuthDraft::DeviceCode { .. }) => propose(
                    "auth.device-authorization-path",
                    self.device_authorization_path.is_some(),
                    &own.device_authorization,
                    usual.device_authorization,
                ),
                _ => {}
            }
        }
        if proposals.is_empty() { Ok(()) } else { Err(ProfileError::Unaccepted { proposals }) }
    }
}

impl Proposal {
    /// The lines of configuration that accept the proposals for this connection.
    pub(crate) fn lines(proposals: &[Self], connection: &str) -> String {
        let (auth, own): (Vec<_>, Vec<_>) =
            proposals.iter().partition(|proposal| proposal.key.starts_with(AUTH));
        let table = |heading: &str, proposals: Vec<&Self>| {
            let lines = proposals.into_iter().map(|Self { key, value }| {
                let key = key.strip_prefix(AUTH).unwrap_or(key);
                format!("\n{key} = \"{value}\"")
            });
            let lines: String = lines.collect();
            if lines.is_empty() { None } else { Some(format!("{heading}{lines}")) }
        };
        let tables = [
            table(&format!("[connections.{connection}]"), own),
            table(&format!("[connections.{connection}.auth]"), auth),
        ];
        tables.into_iter().flatten().collect::<Vec<_>>().join("\n")
    }
}

/// The prefix of the keys in the table `auth`.
const AUTH: &str = "auth.";

/// The text as it can stand between quotation marks, in a message and in the configuration.
fn shown(text: &str) -> String {
    let safe = |letter: char| matches!(letter, ' '..='~') && letter != '"' && letter != '\\';
    text.chars()
        .take(200)
        .flat_map(|letter| {
            let escaped: Box<dyn Iterator<Item = char>> =
                if safe(letter) { Box::new([letter].into_iter()) } else { Box::new(letter.escape_default()) };
            escaped
        })
        .collect()
}

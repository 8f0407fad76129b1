//! Names in place of ids: what counts as a name, and which of the entries found has it.
//!
//! A name leads to an id only if exactly one thing has it: an action on a machine must not act on another
//! machine of the same name.

use std::net::IpAddr;

use serde_json::Value;

use crate::failure::FailureCase;
use crate::manifest::Lookup;
use crate::remedy::Remedy;

/// The prefix that marks a name where an id could stand, such as in `name:desktop-4k2f9.contoso.com`.
pub const NAME_PREFIX: &str = "name:";

/// The longest name that is looked up, in bytes: the longest that DNS allows.
const LONGEST: usize = 255;

/// Why a name does not lead to an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The text is not a name.
    #[error("after `{NAME_PREFIX}` stands a name of 1 to {LONGEST} bytes without control characters")]
    Malformed,
    /// Nothing has the name.
    #[error("{action} found no entry whose {field} is `{name}`")]
    NotFound {
        /// The action that lists the candidates.
        action: String,
        /// The field that holds their names.
        field: String,
        /// The name that was looked up.
        name: String,
    },
    /// Several things have the name.
    #[error("{action} found several entries whose {field} is `{name}`: {}", .candidates.join("; "))]
    Ambiguous {
        /// The action that lists the candidates.
        action: String,
        /// The field that holds their names.
        field: String,
        /// The name that was looked up.
        name: String,
        /// A description of each candidate: its id, its name, and what tells it apart.
        candidates: Vec<String>,
    },
    /// The list goes on after its first page, so another thing may have the name too.
    #[error("{action} found more than a page of entries for `{name}`")]
    TooMany {
        /// The action that lists the candidates.
        action: String,
        /// The name that was looked up.
        name: String,
    },
    /// The thing that was found has no id.
    #[error("{action} returned an entry for `{name}` that has no id")]
    NoId {
        /// The action that lists the candidates.
        action: String,
        /// The name that was looked up.
        name: String,
    },
}

impl NameError {
    /// What to do next.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        match self {
            Self::Malformed => "give a name such as `name:desktop-4k2f9.contoso.com`, or an id",
            Self::NotFound { .. } => "check the name, or give the id",
            Self::Ambiguous { .. } | Self::TooMany { .. } | Self::NoId { .. } => {
                "give the whole name, or the id of the one that you mean"
            }
        }
        .into()
    }

    pub(crate) fn case(&self) -> FailureCase {
        match self {
            Self::Malformed | Self::Ambiguous { .. } | Self::TooMany { .. } => {
                FailureCase::PermanentInvalidInput
            }
            Self::NotFound { .. } => FailureCase::PermanentNotFound,
            Self::NoId { .. } => FailureCase::PermanentUnexpectedReply,
        }
    }
}

/// A name that can be looked up, in lower case.
pub(crate) struct Name(String);

impl Name {
    pub(crate) fn parse(text: &str) -> Result<Self, NameError> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) {
            return Err(NameError::Malformed);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name means a thing called `name`.
    fn is_of(&self, name: &str) -> bool {
        // DNS compares ASCII letters without case, and no others: a Kelvin sign is not a `k`.
        let name = name.to_ascii_lowercase();
        let is_address = name.parse::<IpAddr>().is_ok();
        name == self.0 || !is_address && name.split('.').next() == Some(&self.0)
    }
}

/// A thing that has the name.
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
}

/// Returns the entry, if there is exactly one.
pub(crate) fn only(entries: &[Value], lookup: &Lookup, name: &Name) -> Result<Entry, NameError> {
    let text =
        |entry: &Value, key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut meant: Vec<&Value> =
        entries.iter().filter(|entry| name.is_of(&text(entry, &lookup.name))).collect();
    meant.dedup_by_key(|entry| text(entry, &lookup.id));
    let (action, searched) = (lookup.action.clone(), name.0.clone());
    match meant[..] {
        [] => Err(NameError::NotFound { action, field: lookup.name.clone(), name: searched }),
        [entry] => match text(entry, &lookup.id) {
            id if id.is_empty() => Err(NameError::NoId { action, name: searched }),
            id => Ok(Entry { id, name: text(entry, &lookup.name) }),
        },
        _ => {
            let in_words = |entry: &&Value| {
                let shown = lookup.shown.iter().map(|key| format!("{key} {}", text(entry, key)));
                let parts = [text(entry, &lookup.id), text(entry, &lookup.name)].into_iter().chain(shown);
                parts.collect::<Vec<_>>().join(", ")
            };
            let candidates = meant.iter().map(in_words).collect();
            Err(NameError::Ambiguous { action, field: lookup.name.clone(), name: searched, candidates })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Name;

    #[test]
    fn a_name_is_compared_as_dns_compares_names() {
        let is_of = |searched: &str, name: &str| Name::parse(searched).expect("it is a name").is_of(name);
        assert!(is_of("PC1", "pc1.contoso.com") && is_of("pc1.contoso.com", "PC1.CONTOSO.COM"));
        assert!(!is_of("pc", "pc1") && !is_of("pc1.contoso", "pc1.contoso.com"));
        assert!(!is_of("k1", "\u{212a}1"), "a Kelvin sign is not a k");
        assert!(!is_of("10", "10.0.0.1") && is_of("10.0.0.1", "10.0.0.1"), "an address has no labels");
    }
}

//! Which permissions a token grants, and which a set of actions needs.
//!
//! For each action, a manifest lists permissions, any one of which suffices: one list for an application that
//! signs in as itself, and one for an application that acts for a user. A token that is a JWT names what it
//! grants; other tokens are opaque, and nothing is known about them. Nothing here is proof: the claims of a
//! token are read without checking its signature, which is up to the API; and for a user, the API also checks
//! what that user may do.

mod audience;
mod claims;
mod least;

use std::collections::BTreeSet;

pub use audience::Audience;
pub use least::{Least, least};

use crate::clock::Timestamp;
use crate::egress::credential::AccessToken;
use crate::manifest::Permissions;

/// Whom a token represents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An application that signed in as itself.
    Application,
    /// An application that acts for a user.
    Delegated,
}

/// What a token says it grants.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Grants {
    /// The token says what it grants.
    Known {
        /// Whom the token represents.
        kind: Kind,
        /// The names of the permissions that it grants.
        permissions: BTreeSet<String>,
    },
    /// The token is opaque: only the API can read it.
    Opaque,
}

/// What a token says about itself. None of it is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Statement {
    /// What it grants.
    pub grants: Grants,
    /// The audiences: the APIs that should accept it. Empty if it does not say.
    pub audiences: Vec<String>,
    /// When it expires by the authority's clock, if it says so.
    pub expires: Option<Timestamp>,
}

/// Whether an action is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// The token allows it.
    Allowed,
    /// The token lacks one of these permissions; any one of them suffices.
    Missing(&'a [String]),
    /// No token of that kind can allow it.
    NotForKind(Kind),
    /// Unknown: the token or the manifest does not say.
    Unknown,
}

impl Statement {
    /// The statement of an opaque token, or of no token at all: nothing is known.
    pub const NOTHING: Self = Self { grants: Grants::Opaque, audiences: Vec::new(), expires: None };

    /// Reads the claims of the token, without checking its signature.
    #[must_use]
    pub fn of(token: &AccessToken) -> Self {
        let header = token.header();
        // The header consists of `Bearer` and the token.
        let text = header.to_str().ok().and_then(|header| header.split_once(' '));
        text.map_or(Self::NOTHING, |(_, token)| claims::read(token))
    }
}

impl Grants {
    /// Whether an action that needs any one of these permissions is allowed.
    #[must_use]
    pub fn verdict<'a>(&self, needs: &'a Permissions) -> Verdict<'a> {
        let Self::Known { kind, permissions } = self else {
            return Verdict::Unknown;
        };
        let alternatives = needs.of(*kind);
        if alternatives.iter().any(|name| permissions.contains(name)) {
            Verdict::Allowed
        } else if !alternatives.is_empty() {
            Verdict::Missing(alternatives)
        } else if needs.application.is_empty() && needs.delegated.is_empty() {
            Verdict::Unknown
        } else {
            Verdict::NotForKind(*kind)
        }
    }
}

impl Kind {
    /// Returns `application` or `delegated`, as written in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Application => "application",
            Self::Delegated => "delegated",
        }
    }
}

impl Permissions {
    /// The permissions for tokens of this kind; any one of them suffices.
    #[must_use]
    pub fn of(&self, kind: Kind) -> &[String] {
        match kind {
            Kind::Application => &self.application,
            Kind::Delegated => &self.delegated,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(application: &[&str], delegated: &[&str]) -> Permissions {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        Permissions { application: owned(application), delegated: owned(delegated) }
    }

    #[test]
    fn any_one_of_the_alternatives_suffices() {
        let permissions = ["A.Read", "B.Read"].map(str::to_owned).into();
        let grants = Grants::Known { kind: Kind::Application, permissions };
        assert_eq!(grants.verdict(&needs(&["A.Write", "A.Read"], &[])), Verdict::Allowed);
        let other = needs(&["A.Write", "C"], &["A.Read"]);
        assert_eq!(grants.verdict(&other), Verdict::Missing(&["A.Write".to_owned(), "C".to_owned()]));
        assert_eq!(grants.verdict(&needs(&[], &["A.Read"])), Verdict::NotForKind(Kind::Application));
        assert_eq!(grants.verdict(&needs(&[], &[])), Verdict::Unknown);
        assert_eq!(Grants::Opaque.verdict(&needs(&["A"], &["A"])), Verdict::Unknown);
    }
}

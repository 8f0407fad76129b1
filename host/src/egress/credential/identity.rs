//! The identity under which a token is shared.

use std::fmt;

use secrecy::SecretString;

/// Whose tokens a source obtains, and with what proof. Two processes must have the same identity to share a
/// token.
#[derive(Clone)]
pub struct Identity {
    name: String,
    proof: Option<SecretString>,
}

impl Identity {
    /// Creates an identity from the kind of credential and everything that distinguishes one token from
    /// another, such as authority, tenant, client and scope. None of it is secret.
    #[must_use]
    pub fn new(kind: &str, parts: &[&str]) -> Self {
        // A JSON list is unambiguous, whatever the parts contain.
        let name = serde_json::json!(["token", kind, parts]).to_string();
        Self { name, proof: None }
    }

    /// Restricts the identity to processes that have this secret: a process with another secret does not get
    /// the token. Only a salted digest of the secret is stored.
    #[must_use]
    pub fn bound_to(mut self, secret: &SecretString) -> Self {
        self.proof = Some(secret.clone());
        self
    }

    /// The name under which the token is shared.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secret to which it is bound.
    pub(super) fn proof(&self) -> Option<&SecretString> {
        self.proof.as_ref()
    }
}

/// Leaves out the secret.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.name).finish()
    }
}

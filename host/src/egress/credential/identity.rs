//! Whose token it is.

use std::fmt;

use secrecy::SecretString;

/// Whose tokens a source obtains, and with what proof: what two processes must have in common to share one.
#[derive(Clone)]
pub struct Identity {
    name: String,
    proof: Option<SecretString>,
}

impl Identity {
    /// An identity: the kind of credential, then all that tells one token from another, such as authority, tenant,
    /// client and scope. None of it is secret.
    #[must_use]
    pub fn new(kind: &str, parts: &[&str]) -> Self {
        // A list of JSON cannot be read in two ways, whatever the parts hold.
        let name = serde_json::json!(["token", kind, parts]).to_string();
        Self { name, proof: None }
    }

    /// The same, for those alone who have that secret too: one who has another gets no token that it did not buy. Of
    /// the secret only a salted digest is kept.
    #[must_use]
    pub fn bound_to(mut self, secret: &SecretString) -> Self {
        self.proof = Some(secret.clone());
        self
    }

    /// The name of what is shared.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The secret to which it is bound.
    pub(super) fn proof(&self) -> Option<&SecretString> {
        self.proof.as_ref()
    }
}

/// Without the secret.
impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.name).finish()
    }
}

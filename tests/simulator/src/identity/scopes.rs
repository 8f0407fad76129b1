//! The scopes that an application requests on behalf of a person: permissions of one API, and those of OpenID
//! Connect.

use super::error::EntraError;
use super::{audience_of_resource, is_foreign};
use crate::simulation::Simulation;

/// The scopes that belong to no API.
const OPENID: [&str; 4] = ["openid", "profile", "email", "offline_access"];
/// The scope that stands for all permissions of the application.
const DEFAULT: &str = ".default";
/// The API that a scope without a resource belongs to.
const GRAPH: &str = "https://graph.microsoft.com";

/// The requested scopes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(super) audience: String,
    /// The names of the API's permissions; `None` stands for all of them.
    permissions: Option<Vec<String>>,
    /// The scopes as requested.
    words: String,
    pub(super) nonce: Option<String>,
}

impl Wanted {
    pub(super) fn of(simulation: &Simulation, text: &str) -> Result<Self, EntraError> {
        let mut resources: Vec<&str> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        for word in text.split_whitespace().filter(|word| !OPENID.contains(word)) {
            let (resource, name) = word.rsplit_once('/').unwrap_or((GRAPH, word));
            resources.push(resource);
            names.push(name);
        }
        resources.dedup();
        let resource = match resources[..] {
            [] => GRAPH,
            [resource] => resource,
            _ => return Err(EntraError::SeveralResources(text.to_owned())),
        };
        let permissions = (!names.is_empty() && !names.contains(&DEFAULT))
            .then(|| names.into_iter().map(str::to_owned).collect());
        let audience = audience_of_resource(simulation, resource)?;
        Ok(Self { audience, permissions, words: text.to_owned(), nonce: None })
    }

    pub(super) fn with_nonce(self, nonce: Option<&str>) -> Self {
        Self { nonce: nonce.map(str::to_owned), ..self }
    }

    /// Whether a refresh token is requested.
    pub(super) fn is_lasting(&self) -> bool {
        self.asks("offline_access")
    }

    /// Whether an ID token is requested.
    pub(super) fn is_openid(&self) -> bool {
        self.asks("openid")
    }

    /// The delegated names of the permissions that the person grants: those requested that exist.
    pub(super) fn granted(&self, simulation: &Simulation) -> Vec<String> {
        if is_foreign(&self.audience) {
            return Vec::new();
        }
        let roles = simulation.roles();
        let delegated = roles.iter().map(|role| role.strip_suffix(".All").unwrap_or(role).to_owned());
        let asked = |name: &String| match &self.permissions {
            Some(permissions) => permissions.iter().any(|asked| asked.eq_ignore_ascii_case(name)),
            None => true,
        };
        delegated.filter(asked).collect()
    }

    /// The `scope` of the reply: the requested scopes and the permissions granted.
    pub(super) fn in_reply(&self, granted: &[String]) -> String {
        let mut words: Vec<String> = self
            .words
            .split_whitespace()
            .filter(|word| *word != "offline_access")
            .map(str::to_owned)
            .collect();
        for name in granted {
            let word = format!("{}/{name}", self.audience);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(" ")
    }

    fn asks(&self, scope: &str) -> bool {
        self.words.split_whitespace().any(|word| word == scope)
    }
}

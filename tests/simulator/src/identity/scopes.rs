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
        let delegated = roles.iter().map(|role| delegated(role).to_owned());
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

/// Application permissions whose delegated permission has a name that no rule gives.
const NAMED: [(&str, &str); 4] = [
    ("URL.Read.All", "URL.Read.All"),
    ("File.Read.All", "File.Read.All"),
    ("Ip.Read.All", "Ip.Read.All"),
    ("RemediationTasks.Read.All", "RemediationTask.Read"),
];

/// The delegated permission that allows what this application permission allows.
fn delegated(role: &str) -> &str {
    match NAMED.iter().find(|(application, _)| *application == role) {
        Some((_, delegated)) => delegated,
        None => role.strip_suffix(".All").unwrap_or(role),
    }
}

/// The application permissions whose work a delegated permission allows.
pub(super) fn allowed(scope: &str) -> Vec<String> {
    let named = NAMED.iter().find(|(_, delegated)| *delegated == scope);
    match named {
        Some((application, _)) => vec![(*application).to_owned()],
        None => vec![scope.to_owned(), format!("{scope}.All")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delegated_permission_allows_what_its_application_permission_allows() {
        for role in crate::api::ALL_ROLES {
            assert!(allowed(delegated(role)).iter().any(|allowed| allowed == role), "{role}");
        }
        assert_eq!(delegated("Ip.Read.All"), "Ip.Read.All");
        assert_eq!(delegated("RemediationTasks.Read.All"), "RemediationTask.Read");
        assert_eq!(delegated("Machine.Read.All"), "Machine.Read");
    }
}

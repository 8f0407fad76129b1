//! Where an API is, and where its credentials come from.

use serde::{Deserialize, Serialize};

/// Where an API and its sign-in are in one cloud. These settings are chosen together.
///
/// Redirects are not part of this: no cloud's redirects are followed, with or without a credential.
/// [`Manifest::hosts`](super::Manifest::hosts) says for all clouds which links to a next page are the API's
/// own.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Cloud {
    /// The API's origin.
    pub api: String,
    /// The token authority's origin.
    pub authority: String,
    /// The scope to request for a token.
    pub scope: String,
    /// The paths of the token authority's endpoints. The default is Microsoft Entra's.
    #[serde(default, skip_serializing_if = "Endpoints::is_default")]
    pub endpoints: Endpoints,
}

/// The paths of a token authority's endpoints, in which `{tenant}` stands for the tenant.
///
/// The default of each path is that of
/// [Microsoft Entra](https://learn.microsoft.com/entra/identity-platform/v2-protocols).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoints {
    /// Where tokens are issued: [RFC 6749, section 3.2](https://www.rfc-editor.org/rfc/rfc6749#section-3.2).
    pub token: String,
    /// Where a person signs in: [RFC 6749, section 3.1](https://www.rfc-editor.org/rfc/rfc6749#section-3.1).
    pub authorization: String,
    /// Where a device asks for a code: [RFC 8628, section 3.1](https://www.rfc-editor.org/rfc/rfc8628#section-3.1).
    pub device_authorization: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            token: "/{tenant}/oauth2/v2.0/token".into(),
            authorization: "/{tenant}/oauth2/v2.0/authorize".into(),
            device_authorization: "/{tenant}/oauth2/v2.0/devicecode".into(),
        }
    }
}

impl Endpoints {
    /// Whether any path contains `{tenant}`.
    #[must_use]
    pub fn need_tenant(&self) -> bool {
        self.all().iter().any(|path| path.contains(Self::TENANT))
    }

    /// Returns the first malformed path, if there is one.
    #[must_use]
    pub fn broken(&self) -> Option<&str> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
        let sound = |path: &str| path.starts_with('/') && path.replace(Self::TENANT, "").bytes().all(plain);
        self.all().into_iter().find(|path| !sound(path))
    }

    const TENANT: &str = "{tenant}";

    /// Returns the path for this tenant.
    pub(crate) fn of_tenant(path: &str, tenant: &str) -> String {
        path.replace(Self::TENANT, tenant)
    }

    fn all(&self) -> [&str; 3] {
        [&self.token, &self.authorization, &self.device_authorization]
    }

    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

//! A machine's own identity: the instance metadata service of a virtual machine, and App Service's form of it.
//!
//! Sources: <https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token>,
//! <https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference>

use std::borrow::Cow;

use http::request::Parts;
use http::{Method, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::form_urlencoded;

use super::tokens::Holder;
use super::{audience_of_resource, is_foreign};
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// The managed identity of the simulated machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct ManagedIdentity {
    /// Whether the machine has an identity.
    pub assigned: bool,
    /// Whether requests must name the identity, as they must if a machine has several user-assigned
    /// identities.
    pub must_be_named: bool,
    /// The identity's client id.
    pub client_id: String,
    /// The object id of its service principal.
    pub object_id: String,
    /// Its resource id in Azure.
    pub resource_id: String,
    /// The value of `IDENTITY_HEADER`, which App Service expects in `X-IDENTITY-HEADER`.
    pub header: String,
}

impl Default for ManagedIdentity {
    fn default() -> Self {
        Self {
            assigned: true,
            must_be_named: false,
            client_id: "9b1e5a7c-6f0d-4c2b-8a3e-7d4f1c0b2e96".to_owned(),
            object_id: "1d8c4f3a-2b7e-4e6d-9f50-3a6b8c7d0e15".to_owned(),
            resource_id: "/subscriptions/5f0c/resourcegroups/soc/providers/Microsoft.ManagedIdentity/\
                          userAssignedIdentities/connector"
                .to_owned(),
            header: "simulated-identity-header".to_owned(),
        }
    }
}

/// The two services that issue tokens for a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// `/metadata/identity/oauth2/token` at 169.254.169.254, for virtual machines.
    Metadata,
    /// `/msi/token` at the address in `IDENTITY_ENDPOINT`, for App Service and Functions.
    AppService,
}

impl Service {
    pub(crate) fn of(path: &str) -> Option<Self> {
        match path {
            "/metadata/identity/oauth2/token" => Some(Self::Metadata),
            "/msi/token" => Some(Self::AppService),
            _ => None,
        }
    }

    /// The newest documented version of the interface.
    fn version(self) -> &'static str {
        match self {
            Self::Metadata => "2018-02-01",
            Self::AppService => "2019-08-01",
        }
    }
}

pub(super) fn answer(simulation: &Simulation, service: Service, parts: &Parts) -> Reply {
    token(simulation, service, parts).unwrap_or_else(|(status, error, text)| {
        Reply::json(status, &json!({ "error": error, "error_description": text }))
    })
}

/// A refusal: status, error and message.
type Refused = (StatusCode, &'static str, Cow<'static, str>);

fn bad(error: &'static str, text: impl Into<Cow<'static, str>>) -> Refused {
    (StatusCode::BAD_REQUEST, error, text.into())
}

fn token(simulation: &Simulation, service: Service, parts: &Parts) -> Result<Reply, Refused> {
    let identity = &simulation.managed;
    if parts.method != Method::GET {
        let text = "The requested resource does not support this http method.";
        return Err((StatusCode::METHOD_NOT_ALLOWED, "invalid_request", text.into()));
    }
    check_headers(identity, service, parts)?;
    let query = Query::read(parts)?;
    match query.one("api-version")? {
        None => return Err(bad("invalid_request", "api-version was not specified in the request")),
        Some(version) if version != service.version() => {
            return Err(bad("invalid_request", format!("api-version {version} is not supported")));
        }
        Some(_) => {}
    }
    let resource = query.one("resource")?.filter(|resource| !resource.is_empty());
    let resource =
        resource.ok_or_else(|| bad("invalid_request", "Required audience parameter not specified"))?;
    check_identity(identity, &query)?;
    let audience = audience_of_resource(simulation, resource).map_err(|_| {
        let text =
            format!("AADSTS500011: The resource principal named {resource} was not found in the tenant.");
        bad("invalid_resource", text)
    })?;

    let lifetime = simulation.settings().token_lifetime_seconds;
    let now = simulation.clock.now();
    let roles = if is_foreign(&audience) { Vec::new() } else { simulation.roles() };
    let access_token = simulation.tokens.issue(
        &super::Identity { client_id: identity.client_id.clone(), ..simulation.identity.clone() },
        &simulation.origin,
        &audience,
        Holder::Application { roles: &roles },
        now,
        lifetime,
    );
    let expires_on = now.unix_seconds().saturating_add_unsigned(lifetime).to_string();
    // All numbers are written as strings here.
    let reply = match service {
        Service::Metadata => json!({
            "access_token": access_token,
            "client_id": identity.client_id,
            "expires_in": lifetime.to_string(),
            "expires_on": expires_on,
            "ext_expires_in": lifetime.to_string(),
            "not_before": now.unix_seconds().to_string(),
            "resource": resource,
            "token_type": "Bearer",
        }),
        Service::AppService => json!({
            "access_token": access_token,
            "client_id": identity.client_id,
            "expires_on": expires_on,
            "resource": resource,
            "token_type": "Bearer",
        }),
    };
    Ok(Reply::json(StatusCode::OK, &reply))
}

/// Checks the headers that protect against forged requests: an attacker may make a server request an address,
/// but not with these headers.
fn check_headers(identity: &ManagedIdentity, service: Service, parts: &Parts) -> Result<(), Refused> {
    let header = |name: &str| parts.headers.get(name).map(http::HeaderValue::as_bytes);
    match service {
        Service::Metadata => {
            if header("metadata").is_none_or(|value| !value.eq_ignore_ascii_case(b"true")) {
                return Err(bad("invalid_request", "Required metadata header not specified"));
            }
            if parts.headers.contains_key("x-forwarded-for") {
                return Err(bad("invalid_request", "Proxied requests are refused"));
            }
        }
        Service::AppService => {
            if header("x-identity-header") != Some(identity.header.as_bytes()) {
                let text = "The header X-IDENTITY-HEADER is missing or not the value of IDENTITY_HEADER";
                return Err((StatusCode::UNAUTHORIZED, "unauthorized", text.into()));
            }
        }
    }
    Ok(())
}

/// Checks that the request names the identity at most once, and correctly.
fn check_identity(identity: &ManagedIdentity, query: &Query) -> Result<(), Refused> {
    let names = [
        ("client_id", &identity.client_id),
        ("object_id", &identity.object_id),
        ("principal_id", &identity.object_id),
        ("msi_res_id", &identity.resource_id),
        ("mi_res_id", &identity.resource_id),
    ];
    let mut named = 0;
    for (name, own) in names {
        if let Some(value) = query.one(name)? {
            named += 1;
            if !identity.assigned || !value.eq_ignore_ascii_case(own) {
                return Err(bad("invalid_request", "Identity not found"));
            }
        }
    }
    match named {
        _ if !identity.assigned => Err(bad("invalid_request", "Identity not found")),
        0 if identity.must_be_named => Err(bad(
            "invalid_request",
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity in \
             the token request",
        )),
        0 | 1 => Ok(()),
        _ => Err(bad("invalid_request", "More than one identity is specified in the request")),
    }
}

struct Query(Vec<(String, String)>);

impl Query {
    fn read(parts: &Parts) -> Result<Self, Refused> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = form_urlencoded::parse(query.as_bytes());
        let pairs: Vec<_> = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        const KNOWN: [&str; 8] = [
            "api-version",
            "resource",
            "client_id",
            "object_id",
            "principal_id",
            "msi_res_id",
            "mi_res_id",
            "bypass_cache",
        ];
        match pairs.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
            Some((name, _)) => Err(bad("invalid_request", format!("unknown parameter {name}"))),
            None => Ok(Self(pairs)),
        }
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Refused> {
        let mut values =
            self.0.iter().filter(|(candidate, _)| candidate == name).map(|(_, value)| value.as_str());
        let value = values.next();
        match values.next() {
            Some(_) => Err(bad("invalid_request", format!("{name} is given more than once"))),
            None => Ok(value),
        }
    }
}

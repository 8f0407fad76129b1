//! The token authority, in the shape of Microsoft Entra: v2 and v1 token requests, a person's sign-in with a code or a
//! browser, and discovery; the token services of Azure's machines; and other authorities that the API trusts.

mod authorize;
mod credentials;
mod delegated;
mod device;
mod discovery;
mod error;
mod federation;
mod jwt;
mod managed;
mod pages;
mod person;
mod scopes;
mod sign_ins;
mod tokens;
mod trusted;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Serialize;
use serde_json::json;
use url::form_urlencoded;

use self::credentials::Form;
use self::error::EntraError;
pub use self::federation::Federation;
pub use self::jwt::{Key, KeySet};
pub use self::managed::ManagedIdentity;
pub(crate) use self::managed::Service;
pub use self::person::{Consent, Person};
pub(crate) use self::sign_ins::SignIns;
use self::tokens::Holder;
pub(crate) use self::tokens::Tokens;
pub use self::trusted::TrustedIssuer;
use crate::server::log::{MANAGED, SIGN_IN, TOKEN};
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// The one tenant, with its one application and one person.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) tenant_id: String,
    pub(crate) tenant_domain: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
    pub(crate) federation: Option<Federation>,
    pub(crate) person: Person,
    /// The application's display name. It appears as the requestor of actions.
    pub(crate) app_name: String,
}

/// A path of the token service, with the tenant it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Token {
        tenant: String,
        version: Version,
    },
    /// Where a browser signs a person in.
    Authorize {
        tenant: String,
    },
    /// Where a program asks for a code.
    DeviceCode {
        tenant: String,
    },
    /// Where a person types it.
    DevicePage,
    Discovery {
        tenant: String,
    },
    Keys,
    Managed(Service),
}

/// The two forms of the token endpoint: v1 takes a `resource`, v2 a `scope`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    V1,
    V2,
}

impl Endpoint {
    pub(crate) fn of(path: &str) -> Option<Self> {
        if let Some(service) = Service::of(path) {
            return Some(Self::Managed(service));
        }
        if path == device::PAGE {
            return Some(Self::DevicePage);
        }
        let (tenant, rest) = path.strip_prefix('/')?.split_once('/')?;
        let tenant = tenant.to_owned();
        match rest {
            "oauth2/v2.0/token" => Some(Self::Token { tenant, version: Version::V2 }),
            "oauth2/token" => Some(Self::Token { tenant, version: Version::V1 }),
            "oauth2/v2.0/authorize" => Some(Self::Authorize { tenant }),
            "oauth2/v2.0/devicecode" => Some(Self::DeviceCode { tenant }),
            "v2.0/.well-known/openid-configuration" | ".well-known/openid-configuration" => {
                Some(Self::Discovery { tenant })
            }
            "discovery/v2.0/keys" => Some(Self::Keys),
            _ => None,
        }
    }

    /// The name that the log and the faults use.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Managed(_) => MANAGED,
            Self::Authorize { .. } | Self::DeviceCode { .. } | Self::DevicePage => SIGN_IN,
            _ => TOKEN,
        }
    }
}

pub(crate) fn answer(simulation: &Simulation, endpoint: &Endpoint, parts: &Parts, body: &Bytes) -> Reply {
    let reply =
        match endpoint {
            Endpoint::Token { tenant, version } => token(simulation, tenant, *version, parts, body),
            Endpoint::Authorize { tenant } => check_tenant(&simulation.identity, tenant)
                .map(|()| authorize::answer(simulation, parts, body)),
            Endpoint::DeviceCode { tenant } => check_tenant(&simulation.identity, tenant)
                .and_then(|()| device::begin(simulation, parts, body)),
            Endpoint::DevicePage => Ok(device::page(simulation, parts, body)),
            Endpoint::Discovery { tenant } => discovery::document(simulation, tenant),
            Endpoint::Managed(service) => Ok(managed::answer(simulation, *service, parts)),
            Endpoint::Keys => Ok(Reply::json(StatusCode::OK, &json!({ "keys": [] }))),
        };
    reply.unwrap_or_else(|error| error.reply(simulation.clock.now()))
}

/// A v2 token reply.
#[derive(Serialize)]
struct TokenV2<'a> {
    token_type: &'a str,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: &'a str,
}

/// A v1 token reply, in which numbers are strings.
#[derive(Serialize)]
struct TokenV1<'a> {
    token_type: &'a str,
    expires_in: String,
    ext_expires_in: String,
    expires_on: String,
    not_before: String,
    resource: &'a str,
    access_token: &'a str,
}

fn token(
    simulation: &Simulation,
    tenant: &str,
    version: Version,
    parts: &Parts,
    body: &Bytes,
) -> Result<Reply, EntraError> {
    let identity = &simulation.identity;
    if parts.method != Method::POST {
        return Err(EntraError::Method(parts.method.clone()));
    }
    check_tenant(identity, tenant)?;
    let form = Form::read(parts.headers.get(header::CONTENT_TYPE), body);
    let grant_type = form.required("grant_type")?;
    if grant_type != "client_credentials" {
        credentials::check_public(identity, &form, parts.headers.get(header::AUTHORIZATION))?;
        return Ok(uncached(delegated::token(simulation, grant_type, &form)?));
    }
    let endpoint = format!("{}{}", simulation.origin, parts.uri.path());
    credentials::check(
        identity,
        &form,
        parts.headers.get(header::AUTHORIZATION),
        &endpoint,
        simulation.clock.now(),
    )?;
    let audience = match version {
        Version::V2 => audience_of_scope(simulation, form.required("scope")?)?,
        Version::V1 => audience_of_resource(simulation, form.required("resource")?)?,
    };
    let lifetime = simulation.settings().token_lifetime_seconds;
    let now = simulation.clock.now();
    let roles = if is_foreign(&audience) { Vec::new() } else { simulation.roles() };
    let holder = Holder::Application { roles: &roles };
    let access_token =
        simulation.tokens.issue(identity, &simulation.origin, &audience, holder, now, lifetime);
    let access_token = access_token.as_str();
    let reply = match version {
        Version::V2 => Reply::json(
            StatusCode::OK,
            &TokenV2 { token_type: "Bearer", expires_in: lifetime, ext_expires_in: lifetime, access_token },
        ),
        Version::V1 => {
            let not_before = now.unix_seconds();
            let reply = TokenV1 {
                token_type: "Bearer",
                expires_in: lifetime.to_string(),
                ext_expires_in: lifetime.to_string(),
                expires_on: not_before.saturating_add_unsigned(lifetime).to_string(),
                not_before: not_before.to_string(),
                resource: &audience,
                access_token,
            };
            Reply::json(StatusCode::OK, &reply)
        }
    };
    Ok(uncached(reply))
}

fn uncached(reply: Reply) -> Reply {
    reply.with(header::CACHE_CONTROL, HeaderValue::from_static("no-store, no-cache"))
}

fn check_tenant(identity: &Identity, tenant: &str) -> Result<(), EntraError> {
    let known = tenant.eq_ignore_ascii_case(&identity.tenant_id)
        || tenant.eq_ignore_ascii_case(&identity.tenant_domain);
    if known { Ok(()) } else { Err(EntraError::Tenant(tenant.to_owned())) }
}

/// The audiences of Defender's API: its application id URIs, and the id itself.
const AUDIENCES: &[&str] = &[
    "https://api.securitycenter.microsoft.com",
    "https://api.securitycenter.windows.com",
    "https://api.security.microsoft.com",
    "https://securitycenter.onmicrosoft.com/windowsatpservice",
    "https://api-gcc.securitycenter.microsoft.us",
    "https://api-gov.securitycenter.microsoft.us",
    "fc780465-2017-40d4-a0c5-307022471b92",
];
/// Resources that exist, but whose tokens have none of the API's roles.
const FOREIGN: &[&str] =
    &["https://graph.microsoft.com", "https://userrequestsgraphapi-prd.trafficmanager.net"];

fn is_foreign(audience: &str) -> bool {
    FOREIGN.contains(&audience)
}

fn audience_of_scope(simulation: &Simulation, scope: &str) -> Result<String, EntraError> {
    let resource = match scope.strip_suffix("/.default") {
        _ if scope.contains(char::is_whitespace) => return Err(EntraError::Scope(scope.to_owned())),
        Some(resource) => resource,
        None if scope.contains("://") => return Err(EntraError::ScopeWithoutDefault(scope.to_owned())),
        None => return Err(EntraError::Scope(scope.to_owned())),
    };
    audience_of_resource(simulation, resource)
}

fn audience_of_resource(simulation: &Simulation, resource: &str) -> Result<String, EntraError> {
    // The documented way to keep a trailing slash is a double slash before `.default`.
    let bare = resource.strip_suffix('/').unwrap_or(resource);
    if AUDIENCES.contains(&bare) || FOREIGN.contains(&bare) || bare == simulation.origin {
        return Ok(bare.to_owned());
    }
    let tenant = simulation.identity.tenant_domain.clone();
    Err(EntraError::Resource { resource: resource.to_owned(), tenant })
}

/// Decodes one value of an `application/x-www-form-urlencoded` text.
fn form_decoded(text: &str) -> String {
    let pair = format!("v={text}");
    form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

//! Discovery ([OpenID Connect Discovery 1.0]): the addresses of the endpoints.
//!
//! [OpenID Connect Discovery 1.0]: https://openid.net/specs/openid-connect-discovery-1_0.html

use http::StatusCode;
use serde_json::json;

use super::check_tenant;
use super::error::EntraError;
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// The document of a tenant.
pub(super) fn document(simulation: &Simulation, tenant: &str) -> Result<Reply, EntraError> {
    check_tenant(&simulation.identity, tenant)?;
    let base = format!("{}/{}", simulation.origin, simulation.identity.tenant_id);
    Ok(Reply::json(
        StatusCode::OK,
        &json!({
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": format!("{base}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "tenant_region_scope": "EU",
        }),
    ))
}

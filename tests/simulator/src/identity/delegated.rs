//! Tokens for an application that acts for a person, by a code and later by refresh tokens, each of which is
//! valid once.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde::Serialize;
use serde_json::json;

use super::credentials::Form;
use super::error::EntraError;
use super::person::OBJECT_ID;
use super::scopes::Wanted;
use super::tokens::{Holder, unsigned};
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// The grant types by which an application acts for a person.
pub(super) const DEVICE_CODE: &str = "urn:ietf:params:oauth:grant-type:device_code";
pub(super) const AUTHORIZATION_CODE: &str = "authorization_code";
pub(super) const REFRESH_TOKEN: &str = "refresh_token";

#[derive(Serialize)]
struct Given {
    token_type: &'static str,
    scope: String,
    expires_in: u64,
    ext_expires_in: u64,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_info: Option<String>,
}

/// The reply to a request of one of these grant types.
pub(super) fn token(simulation: &Simulation, grant_type: &str, form: &Form) -> Result<Reply, EntraError> {
    let (now, sign_ins) = (simulation.clock.now(), &simulation.sign_ins);
    let wanted = match grant_type {
        DEVICE_CODE => sign_ins.redeem_device(form.required("device_code")?, now)?,
        AUTHORIZATION_CODE => {
            let (code, redirect_uri) = (form.required("code")?, form.required("redirect_uri")?);
            sign_ins.redeem_code(code, redirect_uri, form.value("code_verifier"), now)?
        }
        REFRESH_TOKEN => {
            // A refresh token covers all APIs to which the person has consented.
            let asked = form.value("scope").map(|scope| Wanted::of(simulation, scope)).transpose()?;
            let signed_in = sign_ins.redeem_refresh(form.required("refresh_token")?, now)?;
            asked.unwrap_or(signed_in)
        }
        other => return Err(EntraError::GrantType(other.to_owned())),
    };
    Ok(Reply::json(StatusCode::OK, &reply(simulation, wanted, form.value("client_info").is_some())))
}

fn reply(simulation: &Simulation, wanted: Wanted, client_info: bool) -> Given {
    let (identity, settings, now) = (&simulation.identity, simulation.settings(), simulation.clock.now());
    let granted = wanted.granted(simulation);
    let lifetime = settings.token_lifetime_seconds;
    let holder = Holder::Person { person: &identity.person, scopes: &granted };
    let access_token =
        simulation.tokens.issue(identity, &simulation.origin, &wanted.audience, holder, now, lifetime);
    let encoded = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    Given {
        token_type: "Bearer",
        scope: wanted.in_reply(&granted),
        expires_in: lifetime,
        ext_expires_in: lifetime,
        access_token,
        id_token: wanted.is_openid().then(|| id_token(simulation, wanted.nonce.as_deref(), lifetime)),
        client_info: client_info.then(|| encoded(json!({ "uid": OBJECT_ID, "utid": identity.tenant_id }))),
        refresh_token: wanted.is_lasting().then(|| {
            let life = Duration::from_secs(settings.refresh_token_lifetime_seconds);
            simulation.sign_ins.begin_refresh(wanted, life, now)
        }),
    }
}

/// The ID token of OpenID Connect, which says who has signed in.
fn id_token(simulation: &Simulation, nonce: Option<&str>, lifetime: u64) -> String {
    let (identity, issued) = (&simulation.identity, simulation.clock.now().unix_seconds());
    let mut claims = json!({
        "aud": identity.client_id,
        "iss": format!("{}/{}/v2.0", simulation.origin, identity.tenant_id),
        "iat": issued,
        "nbf": issued,
        "exp": issued.saturating_add_unsigned(lifetime),
        "name": identity.person.name,
        "preferred_username": identity.person.username,
        "oid": OBJECT_ID,
        "sub": OBJECT_ID,
        "tid": identity.tenant_id,
        "ver": "2.0",
    });
    if let Some(nonce) = nonce {
        claims["nonce"] = nonce.into();
    }
    unsigned(&claims)
}

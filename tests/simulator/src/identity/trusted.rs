//! Tokens of other authorities that the API accepts by their signature.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::AUDIENCES;
use super::jwt::{Jwt, KeySet};
use super::scopes::allowed;
use super::tokens::Grant;
use crate::moment::Moment;
use crate::server::refusal::Refusal;

/// An authority whose tokens the API accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TrustedIssuer {
    /// The authority's name, as in its tokens.
    pub issuer: String,
    /// The keys with which it signs.
    pub keys: KeySet,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    exp: i64,
    #[serde(default)]
    nbf: i64,
    #[serde(default)]
    roles: Vec<String>,
    /// The delegated names of the permissions that a person granted.
    #[serde(default)]
    scp: String,
}

/// Returns what the token allows if one of the issuers signed it.
pub(super) fn verify(issuers: &[TrustedIssuer], token: &str, now: Moment) -> Result<Grant, Refusal> {
    let jwt = Jwt::split(token).ok_or(Refusal::Unauthenticated)?;
    let claims: Claims = jwt.claims().ok_or(Refusal::Unauthenticated)?;
    let issuer = issuers.iter().find(|issuer| issuer.issuer == claims.iss);
    if !issuer.is_some_and(|issuer| jwt.is_signed_by(&issuer.keys)) || !AUDIENCES.contains(&&*claims.aud) {
        return Err(Refusal::Unauthenticated);
    }
    let seconds = now.unix_seconds();
    if claims.exp <= seconds {
        return Err(Refusal::TokenExpired);
    }
    if claims.nbf > seconds {
        return Err(Refusal::Unauthenticated);
    }
    let delegated = claims.scp.split_whitespace().flat_map(allowed);
    let left = Duration::from_secs(claims.exp.abs_diff(seconds));
    Ok(Grant { roles: claims.roles.into_iter().chain(delegated).collect(), expires: now.after(left) })
}

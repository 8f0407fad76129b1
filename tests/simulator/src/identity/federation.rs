//! Workload identity federation: a token of another issuer, such as a Kubernetes cluster, instead of a
//! secret.
//!
//! Source: <https://learn.microsoft.com/entra/workload-id/workload-identity-federation>

use serde::{Deserialize, Serialize};

use super::error::EntraError;
use super::jwt::{Jwt, KeySet};
use crate::moment::Moment;

/// The audience of tokens that are meant for exchange.
const AUDIENCE: &str = "api://AzureADTokenExchange";

/// The application's federated credential: the issuer and the subject of tokens that it may use instead of
/// its secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Federation {
    /// The other issuer.
    pub issuer: String,
    /// The subject of the tokens, such as `system:serviceaccount:soc:connector`.
    pub subject: String,
    /// The other issuer's keys.
    pub keys: KeySet,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    exp: i64,
}

/// One audience or several: Kubernetes writes a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

/// Whether an assertion comes from the other issuer rather than from the application itself.
pub(super) fn concerns(federation: &Federation, assertion: &str) -> bool {
    claims(assertion).is_some_and(|claims| claims.iss == federation.issuer)
}

/// Checks a token of the other issuer.
pub(super) fn check(federation: &Federation, assertion: &str, now: Moment) -> Result<(), EntraError> {
    let (Some(jwt), Some(claims)) = (Jwt::split(assertion), claims(assertion)) else {
        return Err(EntraError::Assertion("it cannot be read"));
    };
    let for_exchange = match &claims.aud {
        Audience::One(audience) => audience == AUDIENCE,
        Audience::Several(audiences) => matches!(audiences.as_slice(), [audience] if audience == AUDIENCE),
    };
    if !jwt.is_signed_by(&federation.keys) {
        return Err(EntraError::Assertion("its signature is not the issuer's"));
    }
    if claims.sub != federation.subject {
        return Err(EntraError::Subject(claims.sub));
    }
    if !for_exchange {
        return Err(EntraError::Audience);
    }
    if claims.exp <= now.unix_seconds() {
        return Err(EntraError::AssertionExpired);
    }
    Ok(())
}

fn claims(assertion: &str) -> Option<Claims> {
    Jwt::split(assertion)?.claims()
}

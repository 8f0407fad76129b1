//! Identifies the client that requests a token, and checks its proof.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded;

use super::error::EntraError;
use super::{Identity, federation, form_decoded};
use crate::moment::Moment;

/// The parameters of a token request.
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a request's body. A body of another content type has no parameters. A body without a content
    /// type is read as a form, since clients in the field leave it out.
    pub(crate) fn read(content_type: Option<&HeaderValue>, body: &[u8]) -> Self {
        const FORM: &str = "application/x-www-form-urlencoded";
        let text = content_type.map_or(FORM, |value| value.to_str().unwrap_or_default());
        let essence = text.split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case(FORM) {
            return Self(Vec::new());
        }
        Self::parse(body)
    }

    pub(crate) fn of_query(query: Option<&str>) -> Self {
        Self::parse(query.unwrap_or_default().as_bytes())
    }

    fn parse(text: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self(pairs.collect())
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(candidate, value)| candidate == name && !value.is_empty())?;
        Some(value)
    }

    pub(crate) fn required(&self, name: &'static str) -> Result<&str, EntraError> {
        self.value(name).ok_or(EntraError::MissingParameter(name))
    }
}

/// Accepts the one client with its secret (in the form or by HTTP basic) or with a signed assertion.
pub(crate) fn check(
    identity: &Identity,
    form: &Form,
    authorization: Option<&HeaderValue>,
    endpoint: &str,
    now: Moment,
) -> Result<(), EntraError> {
    let basic = authorization.and_then(basic);
    let client = match &basic {
        Some((client, _)) => client.as_str(),
        None => form.required("client_id")?,
    };
    check_client(identity, client)?;
    let secret = basic.as_ref().map(|(_, secret)| secret.as_str()).or(form.value("client_secret"));
    match (secret, form.value("client_assertion")) {
        (Some(secret), _) if secret == identity.client_secret => Ok(()),
        (Some(_), _) => Err(EntraError::Secret(identity.client_id.clone())),
        (None, Some(assertion)) => {
            let kind = form.required("client_assertion_type")?;
            if kind != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
                return Err(EntraError::Assertion("its type is not jwt-bearer"));
            }
            match &identity.federation {
                Some(federation) if federation::concerns(federation, assertion) => {
                    federation::check(federation, assertion, now)
                }
                _ => check_assertion(identity, assertion, endpoint, now),
            }
        }
        (None, None) => Err(EntraError::NoCredential),
    }
}

/// Accepts the one client on behalf of a person, which needs no secret. If it gives one, it must be right.
pub(crate) fn check_public(
    identity: &Identity,
    form: &Form,
    authorization: Option<&HeaderValue>,
) -> Result<(), EntraError> {
    let basic = authorization.and_then(basic);
    let (client, secret) = match &basic {
        Some((client, secret)) => (client.as_str(), Some(secret.as_str())),
        None => (form.required("client_id")?, form.value("client_secret")),
    };
    check_client(identity, client)?;
    match secret {
        Some(secret) if secret != identity.client_secret => {
            Err(EntraError::Secret(identity.client_id.clone()))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_client(identity: &Identity, client: &str) -> Result<(), EntraError> {
    match client.eq_ignore_ascii_case(&identity.client_id) {
        true => Ok(()),
        false => {
            Err(EntraError::Client { client: client.to_owned(), tenant: identity.tenant_domain.clone() })
        }
    }
}

/// The client id and secret of an HTTP basic header. Both are form-encoded inside it.
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (client, secret) = decoded.split_once(':')?;
    Some((form_decoded(client), form_decoded(secret)))
}

/// The part of a client assertion's header that Entra needs.
#[derive(Deserialize)]
struct AssertionHeader {
    alg: String,
    x5t: Option<String>,
    #[serde(rename = "x5t#S256")]
    x5t_s256: Option<String>,
}

#[derive(Deserialize)]
struct Assertion {
    aud: String,
    exp: i64,
    iss: String,
    sub: String,
}

/// Checks everything about an assertion except its signature, since no certificate is registered here.
fn check_assertion(
    identity: &Identity,
    assertion: &str,
    endpoint: &str,
    now: Moment,
) -> Result<(), EntraError> {
    let refused = |why| Err(EntraError::Assertion(why));
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts.as_slice() else {
        return refused("it is not a signed token");
    };
    let part = |text: &str| URL_SAFE_NO_PAD.decode(text).ok();
    let header: Option<AssertionHeader> = part(header).and_then(|json| serde_json::from_slice(&json).ok());
    let claims: Option<Assertion> = part(claims).and_then(|json| serde_json::from_slice(&json).ok());
    let (Some(header), Some(claims)) = (header, claims) else {
        return refused("it cannot be read");
    };
    if !matches!(header.alg.as_str(), "RS256" | "PS256")
        || part(signature).is_none_or(|bytes| bytes.is_empty())
    {
        return refused("it is not signed with RS256 or PS256");
    }
    if header.x5t.is_none() && header.x5t_s256.is_none() {
        return refused("it does not name its certificate");
    }
    if claims.iss != identity.client_id || claims.sub != identity.client_id {
        return refused("it speaks for another client");
    }
    if claims.aud.trim_end_matches('/') != endpoint {
        return refused("it is meant for another audience");
    }
    if claims.exp <= now.unix_seconds() {
        return refused("it has expired");
    }
    Ok(())
}

//! Issues access tokens, remembers them and recognises them.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use serde::Serialize;
use uuid::Uuid;

use super::scopes::allowed;
use super::{Identity, Person, TrustedIssuer, person, trusted};
use crate::moment::Moment;
use crate::server::refusal::Refusal;
use crate::server::reply::to_json;

/// What a token allows.
#[derive(Clone, Debug)]
pub(crate) struct Grant {
    /// The roles that the application had when the token was issued. Later changes need a new token.
    pub(crate) roles: Arc<[String]>,
    pub(super) expires: Moment,
}

/// All issued tokens. Expired ones are remembered for a while, to be recognised as expired.
#[derive(Debug)]
pub(crate) struct Tokens {
    trusted: Vec<TrustedIssuer>,
    granted: RwLock<HashMap<String, Grant>>,
}

/// The most tokens remembered. Beyond that, expired tokens are forgotten first, and then all.
const MAX_TOKENS: usize = 10_000;

#[derive(Serialize)]
struct Header<'a> {
    typ: &'a str,
    alg: &'a str,
    kid: &'a str,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    app_displayname: &'a str,
    appid: &'a str,
    appidacr: &'a str,
    idp: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    oid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    roles: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scp: Option<String>,
    sub: &'a str,
    tid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    upn: Option<&'a str>,
    uti: String,
    ver: &'a str,
}

/// The party for whom a token is issued.
#[derive(Clone, Copy, Debug)]
pub(super) enum Holder<'a> {
    /// The application itself, with these roles.
    Application { roles: &'a [String] },
    /// A person, for whom the application acts with these delegated permissions.
    Person { person: &'a Person, scopes: &'a [String] },
}

impl Holder<'_> {
    /// The roles that the token amounts to: a delegated permission allows what the application permission of
    /// the same name allows.
    fn roles(&self) -> Arc<[String]> {
        match self {
            Self::Application { roles } => (*roles).into(),
            Self::Person { scopes, .. } => scopes.iter().flat_map(|scope| allowed(scope)).collect(),
        }
    }
}

/// The service principal's object id.
const OBJECT_ID: &str = "5e0c7c1f-2f44-4a8b-9d53-0a6c1b7e8d90";

impl Tokens {
    /// Starts without tokens of its own, but accepts those of these issuers.
    pub(crate) fn trusting(trusted: Vec<TrustedIssuer>) -> Self {
        Self { trusted, granted: RwLock::default() }
    }

    /// Issues a token.
    pub(super) fn issue(
        &self,
        identity: &Identity,
        origin: &str,
        audience: &str,
        holder: Holder<'_>,
        now: Moment,
        lifetime_seconds: u64,
    ) -> String {
        let issued = now.unix_seconds();
        let issuer = format!("{origin}/{}/", identity.tenant_id);
        let (object, roles, scp, person) = match holder {
            Holder::Application { roles } => (OBJECT_ID, Some(roles), None, None),
            Holder::Person { person, scopes } => {
                (person::OBJECT_ID, None, Some(scopes.join(" ")), Some(person))
            }
        };
        let claims = Claims {
            aud: audience,
            iss: issuer.clone(),
            iat: issued,
            nbf: issued,
            exp: issued.saturating_add_unsigned(lifetime_seconds),
            app_displayname: &identity.app_name,
            appid: &identity.client_id,
            appidacr: if person.is_some() { "0" } else { "1" },
            idp: issuer,
            name: person.map(|person| person.name.as_str()),
            oid: object,
            roles,
            scp,
            sub: object,
            tid: &identity.tenant_id,
            upn: person.map(|person| person.username.as_str()),
            uti: URL_SAFE_NO_PAD.encode(Uuid::new_v4()),
            ver: "1.0",
        };
        let token = unsigned(&claims);
        let expires = now.after(std::time::Duration::from_secs(lifetime_seconds));
        self.remember(token.clone(), Grant { roles: holder.roles(), expires }, now);
        token
    }

    /// Verifies the request's token and returns what it allows.
    pub(crate) fn verify(&self, headers: &HeaderMap, now: Moment) -> Result<Grant, Refusal> {
        let header = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) =
            header.and_then(|header| header.split_once(' ')).ok_or(Refusal::Unauthenticated)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::Unauthenticated);
        }
        let granted = self.granted.read().unwrap_or_else(PoisonError::into_inner);
        let Some(grant) = granted.get(token.trim_start()) else {
            return trusted::verify(&self.trusted, token.trim_start(), now);
        };
        if grant.expires <= now {
            return Err(Refusal::TokenExpired);
        }
        Ok(grant.clone())
    }

    /// Expires all tokens issued so far.
    pub(crate) fn expire_all(&self, now: Moment) {
        let mut granted = self.granted.write().unwrap_or_else(PoisonError::into_inner);
        granted.values_mut().for_each(|grant| grant.expires = grant.expires.min(now));
    }

    fn remember(&self, token: String, grant: Grant, now: Moment) {
        let mut granted = self.granted.write().unwrap_or_else(PoisonError::into_inner);
        if granted.len() >= MAX_TOKENS {
            granted.retain(|_, grant| grant.expires > now);
        }
        if granted.len() >= MAX_TOKENS {
            granted.clear();
        }
        granted.insert(token, grant);
    }
}

/// A token with these claims: three parts like a JWT's, with random bytes as its signature.
pub(super) fn unsigned(claims: &impl Serialize) -> String {
    let header = Header { typ: "JWT", alg: "RS256", kid: "simulator" };
    let signature: Vec<u8> = (0..16).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
    let parts = [to_json(&header), to_json(claims), signature];
    parts.map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
}

//! The API's refusals, and the exact bodies that it sends for them.

use std::time::Duration;

use http::header::{ALLOW, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Method, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::limits::Exceeded;
use super::reply::Reply;

/// A refusal in the API's terms.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// A malformed request without a code of its own; the text names the problem.
    #[error("{0}")]
    BadRequest(String),
    /// A query option that OData refuses.
    #[error("{0}")]
    OData(String),
    /// The body is not what the operation expects.
    #[error("Request body is incorrect")]
    Body,
    /// A well-formed request with a value out of range.
    #[error("{0}")]
    InvalidInput(String),
    #[error("{0} is not a valid SHA1 or SHA256 hash")]
    InvalidHash(String),
    #[error("{0} is not a valid domain name")]
    InvalidDomain(String),
    #[error("{0} is not a valid IP address")]
    InvalidIp(String),
    #[error("Action is already in progress")]
    ActiveRequest,
    #[error("The action is not supported on {0}")]
    OsPlatform(String),
    /// There is no token, or this tenant never issued it.
    #[error("Authorization has been denied for this request.")]
    Unauthenticated,
    #[error("The token is expired")]
    TokenExpired,
    #[error(
        "Missing application roles. API required roles: {}, application roles: {}.",
        required.join(","),
        held.join(",")
    )]
    MissingRoles { required: &'static [&'static str], held: Vec<String> },
    /// The thing with this id does not exist. Holds its kind and its id.
    #[error("{kind} {id} was not found")]
    NotFound { kind: &'static str, id: String },
    /// The thing exists, but has nothing to return (yet).
    #[error("{0}")]
    Missing(String),
    #[error("No resource was found at '{0}'")]
    NoSuchPath(String),
    #[error("The requested resource does not support http method '{method}'.")]
    Method { method: Method, allowed: &'static str },
    #[error("Request body is larger than the maximum allowed")]
    TooLarge,
    /// A call limit is exceeded.
    #[error("{0}")]
    Throttled(Exceeded),
    /// Too many concurrent live response sessions in this tenant.
    #[error("Live response sessions quota exceeded! Maximum allowed {0} concurrent sessions.")]
    Sessions(usize),
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    code: &'a str,
    message: String,
    target: String,
}

impl Refusal {
    pub(crate) fn not_found(kind: &'static str, id: &str) -> Self {
        Self::NotFound { kind, id: id.to_owned() }
    }

    /// The complete answer. `tenant` is the target in quota refusals.
    pub(crate) fn reply(&self, tenant: &str) -> Reply {
        let target = match self {
            Self::Throttled(_) | Self::Sessions(_) => tenant.to_owned(),
            _ => Uuid::new_v4().to_string(),
        };
        let reply = envelope(self.status(), self.code(), self.to_string(), target);
        match self {
            Self::Unauthenticated => reply.with(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
            Self::TokenExpired => reply.with(WWW_AUTHENTICATE, EXPIRED),
            Self::Method { allowed, .. } => reply.with(ALLOW, HeaderValue::from_static(allowed)),
            Self::Throttled(exceeded) => match exceeded.retry_after() {
                Some(value) => reply.with(RETRY_AFTER, value),
                None => reply,
            },
            Self::Sessions(_) => reply.with(RETRY_AFTER, HeaderValue::from(SESSION_WAIT.as_secs())),
            _ => reply,
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthenticated | Self::TokenExpired => StatusCode::UNAUTHORIZED,
            Self::MissingRoles { .. } => StatusCode::FORBIDDEN,
            Self::NotFound { .. } | Self::Missing(_) | Self::NoSuchPath(_) => StatusCode::NOT_FOUND,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Throttled(_) | Self::Sessions(_) => StatusCode::TOO_MANY_REQUESTS,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::BadRequest(_) | Self::Method { .. } => "BadRequest",
            Self::OData(_) => "ODataError",
            Self::Body | Self::TooLarge => "InvalidRequestBody",
            Self::InvalidInput(_) => "InvalidInput",
            Self::InvalidHash(_) => "InvalidHashValue",
            Self::InvalidDomain(_) => "InvalidDomainName",
            Self::InvalidIp(_) => "InvalidIpAddress",
            Self::ActiveRequest => "ActiveRequestAlreadyExists",
            Self::OsPlatform(_) => "OsPlatformNotSupported",
            Self::Unauthenticated | Self::TokenExpired => "Unauthorized",
            Self::MissingRoles { .. } => "Forbidden",
            Self::NotFound { .. } | Self::Missing(_) | Self::NoSuchPath(_) => "ResourceNotFound",
            Self::Throttled(_) | Self::Sessions(_) => "429",
        }
    }
}

/// The API's error body.
pub(crate) fn envelope(status: StatusCode, code: &str, message: String, target: String) -> Reply {
    Reply::json(status, &Envelope { error: Detail { code, message, target } })
}

const EXPIRED: HeaderValue =
    HeaderValue::from_static("Bearer error=\"invalid_token\", error_description=\"The token is expired\"");
/// How long a live response session may last, and so how long it may take until a session is free.
const SESSION_WAIT: Duration = Duration::from_secs(60);

//! The proxy's own answers: errors in the format that APIs use, so that a component can read them as it reads
//! theirs.

use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use serde_json::json;

use crate::egress::EgressError;
use crate::failure::FailureCase;
use crate::manifest::Effect;
use crate::remedy::Remedy;

/// The error code which states that nothing was sent to the API, so the request can be repeated.
pub(super) const NOT_SENT: &str = "RequestNotSent";

/// The methods that a proxy forwards.
pub(super) const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// A reply's body on its way to the client.
pub(super) type Body = UnsyncBoxBody<Bytes, EgressError>;

/// Why a proxy refuses a request. Nothing of the request has been forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    Host,
    Key,
    Method,
    Target,
    TooLarge,
    /// The request arrived too slowly.
    Late,
    /// The request broke off.
    Broken,
}

impl Refusal {
    pub(super) fn answer(self) -> Response<Body> {
        let (status, code, message) = match self {
            Self::Host => {
                (StatusCode::FORBIDDEN, "ProxyHost", "the request names another server than this proxy")
            }
            Self::Key => (
                StatusCode::UNAUTHORIZED,
                "ProxyKey",
                "the request lacks this proxy's key, which is new in each run of it: set the API's address to the one \
                 that the proxy printed, or give the key as the bearer token",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "ProxyMethod",
                "this proxy does not send on requests of that method",
            ),
            Self::Target => (
                StatusCode::BAD_REQUEST,
                "ProxyTarget",
                "the request's target is not a path: this proxy leads to one API only",
            ),
            Self::TooLarge => (
                StatusCode::BAD_REQUEST,
                "RequestTooLarge",
                "the request's body is larger than this proxy takes",
            ),
            Self::Late => {
                (StatusCode::SERVICE_UNAVAILABLE, NOT_SENT, "the request's body took too long to arrive")
            }
            Self::Broken => (StatusCode::BAD_REQUEST, NOT_SENT, "the request's body broke off"),
        };
        let mut answer = error(status, code, message, None);
        let headers = answer.headers_mut();
        match self {
            Self::Key => {
                headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"proxy\""));
            }
            Self::Method => {
                headers.insert(ALLOW, HeaderValue::from_static(METHODS));
            }
            _ => {}
        }
        answer
    }
}

/// Returns the answer to a request that has no reply. Its status leads a component to the same failure case
/// that the host's own callers get.
pub(super) fn no_reply(error: &EgressError, effect: Effect) -> Response<Body> {
    let failure = error.failure(effect);
    let (status, code) = match failure.case {
        FailureCase::PermanentRejected => (StatusCode::UNPROCESSABLE_ENTITY, "DestinationDenied"),
        FailureCase::PermanentUnauthorized => (StatusCode::UNAUTHORIZED, "NoCredential"),
        FailureCase::Throttled => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequests"),
        FailureCase::PermanentInvalidInput => (StatusCode::BAD_REQUEST, "RequestTooLarge"),
        _ if !error.may_have_been_processed() => (StatusCode::SERVICE_UNAVAILABLE, NOT_SENT),
        _ => match error {
            EgressError::Timeout { .. } => (StatusCode::GATEWAY_TIMEOUT, "NoReplyInTime"),
            EgressError::ReplyTooLarge { .. } => (StatusCode::BAD_GATEWAY, "ReplyTooLarge"),
            _ => (StatusCode::BAD_GATEWAY, "NoReply"),
        },
    };
    let mut answer = self::error(status, code, &failure.message, failure.hint.as_ref());
    if let Some(seconds) = failure.retry_after_seconds {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

/// Returns an answer without a body.
pub(super) fn empty(status: StatusCode) -> Response<Body> {
    let mut answer = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer
}

fn error(status: StatusCode, code: &str, message: &str, hint: Option<&Remedy>) -> Response<Body> {
    let mut error = json!({ "code": code, "message": message });
    if let Some(hint) = hint {
        error["hint"] = hint.to_string().into();
    }
    let body = Full::from(json!({ "error": error }).to_string());
    let mut answer = Response::new(body.map_err(|never| match never {}).boxed_unsync());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

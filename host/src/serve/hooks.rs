//! Receives notifications, and answers their senders.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{ALLOW, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::json;

use super::metrics::{Counts, Metrics};
use super::state::Entry;
use crate::triggers::webhook::{Gate, Inbox, InboxError, Taken};
use crate::triggers::{News, Signer};

/// The maximum size of a notification, in bytes.
const LONGEST: usize = 256 << 10;
/// How long the body of a notification may take to arrive.
const BODY: Duration = Duration::from_secs(10);
/// How many bytes of a refused body are read, and for how long.
const DRAINED: usize = 1 << 20;
const DRAIN: Duration = Duration::from_secs(1);
/// After how many seconds a sender may try again if nothing could be stored.
const AGAIN: u64 = 5;

/// The addresses of pushed triggers, by the triggers' names.
#[derive(Default)]
pub(super) struct Hooks {
    hooks: HashMap<String, Hook>,
}

/// The address of one pushed trigger.
pub(super) struct Hook {
    pub(super) inbox: Inbox,
    pub(super) verifier: Option<Signer>,
    pub(super) metrics: Arc<Metrics>,
    /// The state of its trigger.
    pub(super) entry: Arc<Entry>,
    pub(super) counts: Counts,
    pub(super) tell: Tell,
}

/// Passes on news of a trigger.
pub(super) type Tell = Box<dyn Fn(&News) + Send + Sync>;

/// Why a notification is refused.
enum Refusal {
    NotPost,
    NotJson,
    TooLarge,
    TooSlow,
    Broken,
    Unsigned,
    Inbox(InboxError),
}

impl Hooks {
    pub(super) fn add(&mut self, name: &str, hook: Hook) {
        self.hooks.insert(name.to_owned(), hook);
    }

    pub(super) fn router(self) -> Router {
        Router::new()
            .route("/hooks/{name}/{secret}", any(answer))
            .fallback(async || nothing_here())
            .with_state(Arc::new(self))
    }
}

async fn answer(
    State(hooks): State<Arc<Hooks>>,
    path: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let Ok(Path((name, secret))) = path else {
        // The path is not text, so it contains neither a trigger's name nor a secret.
        drain(request.into_body()).await;
        return nothing_here();
    };
    let hook = hooks.hooks.get(&name);
    // An unknown name takes the same work as a known one.
    let closed = Gate::default();
    let gate = hook.map_or(&closed, |hook| hook.inbox.gate());
    let (head, mut body) = request.into_parts();
    let (true, Some(hook)) = (gate.admits(&secret), hook) else {
        drain(body).await;
        return nothing_here();
    };
    let taken = take(hook, &head, &mut body).await;
    drain(body).await;
    let answer = match taken {
        Ok(Taken { new, known }) => {
            if hook.entry.stored() {
                (hook.tell)(&News::StoreRecovered);
            }
            (StatusCode::OK, axum::Json(json!({ "new": new, "known": known }))).into_response()
        }
        Err(refusal) => {
            if let Refusal::Inbox(InboxError::Store(error)) = &refusal {
                let news = News::StoreFailed { error: error.clone(), next: Duration::from_secs(AGAIN) };
                hook.counts.note(&news);
                // A repeated failure is reported only once.
                if hook.entry.unstored(error.to_string()) {
                    (hook.tell)(&news);
                }
            }
            refusal.response()
        }
    };
    hook.metrics.note_notification(&name, answer.status());
    answer
}

/// Reads the rest of a refused body, within limits: a sender that is still writing when the connection closes
/// may never see the answer.
async fn drain(body: Body) {
    let _ = tokio::time::timeout(DRAIN, Limited::new(body, DRAINED).collect()).await;
}

async fn take(hook: &Hook, head: &Parts, body: &mut Body) -> Result<Taken, Refusal> {
    if head.method != Method::POST {
        return Err(Refusal::NotPost);
    }
    if !is_json(&head.headers) {
        return Err(Refusal::NotJson);
    }
    let bytes = read(&head.headers, body).await?;
    if hook.verifier.as_ref().is_some_and(|verifier| !verifier.verifies(&head.headers, &bytes)) {
        return Err(Refusal::Unsigned);
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Refusal::Inbox(InboxError::Malformed("it is not UTF-8".into())))?;
    hook.inbox.take(text).await.map_err(Refusal::Inbox)
}

async fn read(headers: &HeaderMap, body: &mut Body) -> Result<Bytes, Refusal> {
    let length = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > LONGEST as u64) {
        return Err(Refusal::TooLarge);
    }
    match tokio::time::timeout(BODY, Limited::new(body, LONGEST).collect()).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Ok(Err(_)) => Err(Refusal::Broken),
        Err(_) => Err(Refusal::TooSlow),
    }
}

/// Returns whether the headers declare plain JSON: in UTF-8, and not compressed.
fn is_json(headers: &HeaderMap) -> bool {
    let Some(Ok(kind)) = headers.get(CONTENT_TYPE).map(|kind| kind.to_str()) else { return false };
    let kind = kind.to_ascii_lowercase();
    let (essence, parameters) = kind.split_once(';').unwrap_or((&kind, ""));
    let essence = essence.trim();
    let is_json =
        essence == "application/json" || essence.starts_with("application/") && essence.ends_with("+json");
    let mut charsets =
        parameters.split(';').filter_map(|parameter| parameter.trim().strip_prefix("charset="));
    is_json
        && charsets.all(|charset| charset.trim_matches('"') == "utf-8")
        && headers.get(CONTENT_ENCODING).is_none_or(|encoding| encoding == "identity")
}

/// The answer to a sender that does not know the address: the same, whatever is wrong.
fn nothing_here() -> Response {
    problem(StatusCode::NOT_FOUND, "there is nothing here")
}

fn problem(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "error": message }))).into_response()
}

impl Refusal {
    fn response(self) -> Response {
        match self {
            Self::NotPost => {
                let mut response = problem(StatusCode::METHOD_NOT_ALLOWED, "notifications are sent by POST");
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
                response
            }
            Self::NotJson => problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "a notification is application/json, in UTF-8 and not compressed",
            ),
            Self::TooLarge => {
                problem(StatusCode::PAYLOAD_TOO_LARGE, &format!("a notification has at most {LONGEST} bytes"))
            }
            Self::TooSlow => problem(StatusCode::REQUEST_TIMEOUT, "the notification took too long to arrive"),
            Self::Broken => problem(StatusCode::BAD_REQUEST, "the notification broke off"),
            Self::Unsigned => problem(
                StatusCode::UNAUTHORIZED,
                "the signature is missing, was made with another secret, or is too old (headers webhook-id, \
                 webhook-timestamp and webhook-signature of Standard Webhooks)",
            ),
            Self::Inbox(InboxError::Malformed(reason)) => {
                problem(StatusCode::BAD_REQUEST, &format!("it is not a notification: {reason}"))
            }
            Self::Inbox(error) => {
                if let InboxError::Unread(error) = &error {
                    tracing::warn!(%error, "a notification was not taken in");
                }
                let mut response = problem(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "the notification cannot be stored now; send it again",
                );
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(AGAIN));
                response
            }
        }
    }
}

//! Turns a good answer, or none, into the answer that a fault calls for.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::effect::Effect;
use super::refusal::envelope;
use super::reply::Reply;

/// The final answer to the client.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// An answer sent by the HTTP library.
    Reply(Reply),
    /// An answer sent a few bytes at a time.
    Drip { reply: Reply, bytes: usize, pause: Duration },
    /// Bytes to send instead of an answer before the connection closes.
    Raw(Bytes),
}

/// Applies `effect`. `answer` is present if the request was carried out.
pub(crate) fn spoil(effect: Effect, answer: Option<Reply>) -> Outcome {
    let mut answer = answer.unwrap_or_else(|| Reply::empty(StatusCode::OK));
    let reply = match effect {
        Effect::Latency { .. } => answer,
        Effect::Drop => return Outcome::Raw(Bytes::new()),
        Effect::CutOff => {
            let length = answer.body.len().max(2);
            answer.body.truncate(answer.body.len() / 2);
            return Outcome::Raw(raw(&answer, &length.to_string()));
        }
        Effect::ContentLength { value } => return Outcome::Raw(raw(&answer, &value)),
        Effect::Drip { bytes, milliseconds } => {
            let pause = Duration::from_millis(milliseconds);
            return Outcome::Drip { reply: answer, bytes: bytes.max(1), pause };
        }
        Effect::Status { status, body, content_type, retry_after } => {
            let reply = status_reply(status, body, content_type);
            with_text(reply, RETRY_AFTER, retry_after.as_deref())
        }
        Effect::TruncatedJson => {
            answer.body.truncate(answer.body.len() / 2);
            answer
        }
        Effect::Html { status } => Reply::typed(
            code(status),
            HeaderValue::from_static("text/html; charset=utf-8"),
            Bytes::from(PAGE),
        ),
        Effect::NoContent => Reply::empty(StatusCode::NO_CONTENT),
        Effect::ByteOrderMark => {
            answer.body = [b"\xef\xbb\xbf".as_slice(), &answer.body].concat().into();
            answer
        }
        Effect::DeepJson { depth } => {
            let depth = depth.min(MAX_DEPTH);
            Reply::odata(StatusCode::OK, format!("{}{}", "[".repeat(depth), "]".repeat(depth)))
        }
        Effect::Padded { bytes } => {
            let mut body = answer.body.to_vec();
            body.resize(bytes.clamp(body.len(), MAX_PADDING.max(body.len())), b' ');
            answer.body = body.into();
            answer
        }
        Effect::Redirect { location, status } => {
            let reply = Reply::empty(code(status.unwrap_or(307)));
            with_text(reply, LOCATION, Some(&location))
        }
        Effect::NonUtf8Header => {
            let value = HeaderValue::from_bytes(b"caf\xe9 \xff\xfe");
            value.map_or(answer.clone(), |value| answer.with(HeaderName::from_static("x-legacy-name"), value))
        }
        Effect::Headers { headers } => {
            append(&mut answer.headers, &headers);
            answer
        }
        Effect::ContentType { value } => with_text(answer, CONTENT_TYPE, Some(&value)),
        Effect::AccountInactive => unauthorized("Account mode is inactive"),
        Effect::NoTvmLicense => unauthorized("No Tvm license"),
        Effect::InternalError => status_reply(500, None, None),
        Effect::Unavailable { retry_after } => {
            with_text(status_reply(503, None, None), RETRY_AFTER, retry_after.as_deref())
        }
    };
    Outcome::Reply(reply)
}

fn status_reply(status: u16, body: Option<String>, content_type: Option<String>) -> Reply {
    let status = code(status);
    match body {
        Some(body) => {
            let reply = Reply::typed(status, HeaderValue::from_static("application/json"), body.into());
            with_text(reply, CONTENT_TYPE, content_type.as_deref())
        }
        None => {
            let (name, message) = described(status);
            envelope(status, name, message.to_owned(), Uuid::new_v4().to_string())
        }
    }
}

/// The API's code and message for a status.
fn described(status: StatusCode) -> (&'static str, &'static str) {
    match status.as_u16() {
        401 => ("Unauthorized", "Unauthorized request"),
        403 => ("Forbidden", "Access is denied"),
        404 => ("ResourceNotFound", "Resource was not found"),
        429 => ("429", "API calls quota exceeded! maximum allowed 100 per 00:01:00"),
        500 => ("InternalServerError", ""),
        502 => ("BadGateway", "Bad gateway"),
        503 => ("ServiceUnavailable", "The service is unavailable"),
        504 => ("GatewayTimeout", "The gateway did not receive a response in time"),
        _ => ("BadRequest", "The request was refused"),
    }
}

fn unauthorized(reason: &str) -> Reply {
    let message = format!("Unauthorized request - reason of failure: {reason}");
    envelope(StatusCode::UNAUTHORIZED, "Unauthorized", message, Uuid::new_v4().to_string())
}

fn with_text(reply: Reply, name: HeaderName, text: Option<&str>) -> Reply {
    match text.and_then(|text| HeaderValue::from_str(text).ok()) {
        Some(value) => reply.with(name, value),
        None => reply,
    }
}

fn append(headers: &mut HeaderMap, further: &[(String, String)]) {
    let repeated = [("x-ms-tag", "one"), ("x-ms-tag", "two"), ("set-cookie", "a=1"), ("set-cookie", "b=2")];
    let given = further.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let chosen: Vec<_> = if further.is_empty() { repeated.to_vec() } else { given.collect() };
    for (name, value) in chosen {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.append(name, value);
        }
    }
}

/// A status that a final answer may have. Anything else becomes 500.
fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status)
        .ok()
        .filter(|status| !status.is_informational())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The bytes of an answer with a content length that the HTTP library would not send.
fn raw(reply: &Reply, content_length: &str) -> Bytes {
    let mut wire = Vec::with_capacity(reply.body.len() + 256);
    // Writing to a vector cannot fail.
    let _ = write!(wire, "HTTP/1.1 {}\r\n", reply.status);
    for (name, value) in &reply.headers {
        let _ = write!(wire, "{name}: ");
        wire.extend_from_slice(value.as_bytes());
        wire.extend_from_slice(b"\r\n");
    }
    let _ = write!(wire, "content-length: {content_length}\r\n\r\n");
    wire.extend_from_slice(&reply.body);
    wire.into()
}

const PAGE: &str = "<!DOCTYPE html><html><head><title>Error</title></head>\
    <body><h2>Our services aren't available right now</h2></body></html>";
const MAX_DEPTH: usize = 1_000_000;
const MAX_PADDING: usize = 256 * 1024 * 1024;

//! One request and its reply, through the connection's egress.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{self, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::admission::{Admitted, admit, names_this_server};
use super::answer::{self, Body, Refusal};
use super::key::Key;
use super::links::{Links, Rewritten};
use super::pages::{Pages, is_preflight, preflight};
use crate::call::Connection;
use crate::egress::{MAX_REQUEST_BYTES, Purpose, ReplyBody};

/// How long the body of a request may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(60);
/// The action name of the proxy's requests in the audit log.
const ACTION: &str = "proxy";

/// The state that a proxy's clients share.
#[derive(Debug)]
pub(super) struct Exchange {
    connection: Connection,
    address: SocketAddr,
    key: Arc<Key>,
    deadline: Duration,
    links: Links,
    pages: Pages,
}

impl Exchange {
    pub(super) fn new(
        connection: Connection,
        address: SocketAddr,
        key: Arc<Key>,
        deadline: Duration,
        pages: Pages,
    ) -> Self {
        let links = Links::new(connection.connector().manifest(), connection.profile().api_url().clone());
        Self { connection, address, key, deadline, links, pages }
    }

    /// Answers a request with the API's reply, or with the reason why there is none. Calls `known` once the
    /// request has shown the key.
    pub(super) async fn answer(&self, request: Request<Incoming>, known: impl FnOnce()) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let page = self.pages.of(&parts.headers);
        if let Some(page) = page.clone().filter(|_| is_preflight(&parts)) {
            return match names_this_server(&parts.headers, self.address) {
                true => preflight(page, &parts.headers),
                false => Refusal::Host.answer(),
            };
        }
        let mut answer = self.exchange(parts, body, known).await;
        self.pages.mark(page, answer.headers_mut());
        answer
    }

    async fn exchange(&self, parts: Parts, body: Incoming, known: impl FnOnce()) -> Response<Body> {
        let admitted = match admit(parts, self.address, &self.key, self.connection.profile().api_url()) {
            Ok(admitted) => admitted,
            Err(refusal) => return refusal.answer(),
        };
        known();
        match whole(body).await {
            Ok(body) => self.send(admitted, body).await,
            Err(refusal) => refusal.answer(),
        }
    }

    async fn send(&self, admitted: Admitted, body: Bytes) -> Response<Body> {
        let Admitted { method, uri, headers, effect, base } = admitted;
        let purpose = Purpose {
            action: ACTION.into(),
            effect,
            lane: None,
            limits: [].into(),
            deadline: Some(self.connection.clock().now().saturating_add(self.deadline)),
        };
        let has_body = method != Method::HEAD;
        let mut request = Request::new(body);
        (*request.method_mut(), *request.uri_mut(), *request.headers_mut()) = (method, uri, headers);
        match self.connection.egress().send(&purpose, request).await {
            Ok(reply) => self.pass(reply, base, has_body),
            Err(error) => {
                tracing::warn!(%error, hint = error.hint().map(tracing::field::display), "a request through the proxy has no reply");
                answer::no_reply(&error, effect)
            }
        }
    }

    fn pass(&self, reply: Response<ReplyBody>, base: String, has_body: bool) -> Response<Body> {
        let (mut parts, body) = reply.into_parts();
        remove_hop_by_hop(&mut parts.headers);
        if !(has_body && parts.status.is_success() && is_plain_json(&parts.headers)) {
            return Response::from_parts(parts, body.boxed_unsync());
        }
        // Rewritten links may change the length.
        parts.headers.remove(CONTENT_LENGTH);
        Response::from_parts(parts, Rewritten::new(body, self.links.rewriter(base)).boxed_unsync())
    }
}

async fn whole(body: Incoming) -> Result<Bytes, Refusal> {
    if body.size_hint().lower() > MAX_REQUEST_BYTES as u64 {
        return Err(Refusal::TooLarge);
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, MAX_REQUEST_BYTES).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Ok(Err(_)) => Err(Refusal::Broken),
        Err(_) => Err(Refusal::Late),
    }
}

/// Returns whether a reply is JSON in which links can be found.
fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let plain = text(CONTENT_ENCODING).is_none_or(|encoding| encoding.eq_ignore_ascii_case("identity"));
    plain && text(CONTENT_TYPE).is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

/// Removes the headers that concern the connection to the API and not the reply ([RFC 9110, section 7.6.1]).
///
/// [RFC 9110, section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named = values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok());
    let mut gone: Vec<HeaderName> = named.collect();
    gone.extend([
        header::CONNECTION,
        header::PROXY_AUTHENTICATE,
        header::TE,
        header::TRAILER,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
        HeaderName::from_static("keep-alive"),
    ]);
    for name in gone {
        headers.remove(name);
    }
}

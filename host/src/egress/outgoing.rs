//! A request that can be sent several times. It carries the connector's headers, except those that only the
//! host may set and those that concern a single connection.

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request, Uri, Version};
use http_body_util::Full;

use super::credential::AccessToken;

/// A request that can be sent again.
pub(super) struct Outgoing {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Outgoing {
    pub(super) fn request(&self, token: Option<&AccessToken>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(self.body.clone()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = Version::HTTP_11;
        *request.headers_mut() = self.headers.clone();
        if let Some(token) = token {
            request.headers_mut().insert(header::AUTHORIZATION, token.header());
        }
        request
    }
}

/// Headers that only the host sets, or that concern the connection rather than the request
/// ([RFC 9110, section 7.6.1]).
///
/// [RFC 9110, section 7.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-7.6.1
const HOSTS_OWN: [HeaderName; 12] = [
    header::AUTHORIZATION,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::COOKIE,
    header::EXPECT,
    header::FORWARDED,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
];

/// The prefix of headers that are meant for proxies: `proxy-authorization`, `proxy-connection`, …
const PROXY: &str = "proxy-";

/// Returns the headers to send. Names are compared without regard to case, so `AUTHORIZATION` does not get
/// through either.
pub(super) fn headers(mut headers: HeaderMap) -> HeaderMap {
    for name in named_by_connection(&headers) {
        headers.remove(name);
    }
    for name in &HOSTS_OWN {
        headers.remove(name);
    }
    let proxy: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with(PROXY)).cloned().collect();
    for name in proxy {
        headers.remove(name);
    }
    if !headers.contains_key(header::USER_AGENT) {
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("connector-host/", env!("CARGO_PKG_VERSION"))),
        );
    }
    headers
}

fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect()
}

//! Allows pages of named origins to use a proxy from a browser, by the [CORS protocol].
//!
//! [CORS protocol]: https://fetch.spec.whatwg.org/#http-cors-protocol

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
    ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};

use super::answer::{self, Body, METHODS};
use crate::egress::destination::Origin;

/// How long a browser may cache the answer to a preflight request, in seconds.
const REMEMBERED: u64 = 600;
/// The header with which a browser asks a server on a private network, and the one with which the server
/// agrees ([Private Network Access]).
///
/// [Private Network Access]: https://wicg.github.io/private-network-access/
const REQUEST_PRIVATE: HeaderName = HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE: HeaderName = HeaderName::from_static("access-control-allow-private-network");

/// The origins whose pages may use a proxy; none by default.
#[derive(Debug, Clone, Default)]
pub(super) struct Pages(Vec<String>);

impl Pages {
    pub(super) fn new(origins: impl IntoIterator<Item = Origin>) -> Self {
        Self(origins.into_iter().map(|origin| origin.to_string()).collect())
    }

    /// Returns the origin of the page that sent a request, if it may use the proxy.
    pub(super) fn of(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        let text = origin.to_str().ok()?;
        self.0.iter().any(|allowed| allowed == text).then(|| origin.clone())
    }

    /// Lets the page read the answer, if it may. The API's own CORS headers are removed, because they are not
    /// meant for these pages.
    pub(super) fn mark(&self, page: Option<HeaderValue>, headers: &mut HeaderMap) {
        let own = |name: &HeaderName| name.as_str().starts_with("access-control-");
        let others: Vec<HeaderName> = headers.keys().filter(|name| own(name)).cloned().collect();
        for name in others {
            headers.remove(name);
        }
        if self.0.is_empty() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(page) = page {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*"));
        }
    }
}

/// Returns whether a request is a preflight: the browser's own question about what the page may do.
pub(super) fn is_preflight(parts: &Parts) -> bool {
    parts.method == Method::OPTIONS && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// Returns the answer to a preflight, which allows everything that this proxy forwards. A preflight is not
/// forwarded, and needs no key, since it cannot carry one.
pub(super) fn preflight(page: HeaderValue, asked: &HeaderMap) -> Response<Body> {
    let mut answer = answer::empty(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, page);
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED.into());
    if let Some(wanted) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
    }
    if asked.contains_key(REQUEST_PRIVATE) {
        headers.insert(ALLOW_PRIVATE, HeaderValue::from_static("true"));
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(origin: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, origin.parse().unwrap());
        headers
    }

    #[test]
    fn pages_of_exactly_the_origins_that_were_named_may_read() {
        let pages =
            Pages::new(["https://app.example.com", "http://localhost:5173"].map(|o| o.parse().unwrap()));
        for origin in ["https://app.example.com", "http://localhost:5173"] {
            assert!(pages.of(&from(origin)).is_some(), "{origin}");
        }
        for origin in [
            "null",
            "*",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://evilapp.example.com",
            "http://localhost",
            "",
        ] {
            assert!(pages.of(&from(origin)).is_none(), "{origin}");
        }
        let mut two = from("https://app.example.com");
        two.append(ORIGIN, "https://app.example.com".parse().unwrap());
        assert!(pages.of(&two).is_none());
        assert!(Pages::default().of(&from("https://app.example.com")).is_none());
    }

    #[test]
    fn what_the_api_says_of_pages_is_not_passed_on() {
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert("access-control-allow-credentials", HeaderValue::from_static("true"));
        Pages::default().mark(None, &mut headers);
        assert!(headers.is_empty(), "{headers:?}");
    }
}

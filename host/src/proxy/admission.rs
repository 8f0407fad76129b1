//! Decides which requests a proxy accepts, and prepares them for the API.

use std::net::SocketAddr;

use http::header::{ACCEPT_ENCODING, HOST, ORIGIN, REFERER};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, Method, Uri};
use secrecy::ExposeSecret;

use super::answer::Refusal;
use super::key::Key;
use crate::egress::destination::Origin;
use crate::manifest::Effect;

/// A request that may go on to the API.
#[derive(Debug)]
pub(super) struct Admitted {
    pub(super) method: Method,
    /// The address at the API.
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    /// The effect that the method implies.
    pub(super) effect: Effect,
    /// The address under which the client knows the API: links to a next page have to start with it.
    pub(super) base: String,
}

/// Admits a request for the API at `api`, or returns why it is refused. Its body is not read.
pub(super) fn admit(parts: Parts, address: SocketAddr, key: &Key, api: &Origin) -> Result<Admitted, Refusal> {
    let Parts { method, uri, mut headers, .. } = parts;
    if !names_this_server(&headers, address) {
        return Err(Refusal::Host);
    }
    // Absolute targets are for general proxies.
    let target = match uri.path_and_query() {
        Some(target) if uri.scheme().is_none() && uri.authority().is_none() => target.as_str(),
        _ => return Err(Refusal::Target),
    };
    let (base, target) = match key.opens(target) {
        Some(rest) => (format!("http://{address}/{}", key.secret().expose_secret()), rest),
        None if key.is_borne_by(&headers) => (format!("http://{address}"), target),
        None => return Err(Refusal::Key),
    };
    let effect = effect(&method).ok_or(Refusal::Method)?;
    let uri = below(api, target).ok_or(Refusal::Target)?;
    // A compressed reply could not be rewritten here. The API need not know where the request comes from, and
    // the referrer may contain the key. The egress removes the other headers that must not be forwarded.
    for name in [ACCEPT_ENCODING, ORIGIN, REFERER] {
        headers.remove(name);
    }
    Ok(Admitted { method, uri, headers, effect, base })
}

/// The default port of HTTP.
const HTTP: u16 = 80;

/// Returns whether the request names this server as its host. A page in a browser can make a name of its own
/// resolve to 127.0.0.1, but cannot make the browser send a different name.
pub(super) fn names_this_server(headers: &HeaderMap, address: SocketAddr) -> bool {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    let host = host.to_str().unwrap_or_default();
    // The default port may be left out, and most clients do so.
    let host = if address.port() == HTTP { host.strip_suffix(":80").unwrap_or(host) } else { host };
    let port = if address.port() == HTTP { String::new() } else { format!(":{}", address.port()) };
    [format!("{}{port}", address.ip()), format!("localhost{port}")]
        .iter()
        .any(|own| host.eq_ignore_ascii_case(own))
}

/// Returns the effect that a method implies; `None` for methods that are not forwarded.
fn effect(method: &Method) -> Option<Effect> {
    match *method {
        Method::GET | Method::HEAD => Some(Effect::Read),
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Some(Effect::Write),
        _ => None,
    }
}

fn below(api: &Origin, target: &str) -> Option<Uri> {
    let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
    let target: PathAndQuery = target.parse().ok()?;
    let mut parts = api.to_string().parse::<Uri>().ok()?.into_parts();
    parts.path_and_query = Some(target);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use http::Request;
    use http::header::AUTHORIZATION;

    use super::*;

    const API: &str = "https://api.example.com";

    fn address() -> SocketAddr {
        ([127, 0, 0, 1], 9100).into()
    }

    fn ask(key: &Key, request: http::request::Builder) -> Result<Admitted, Refusal> {
        admit(request.body(()).unwrap().into_parts().0, address(), key, &API.parse().unwrap())
    }

    #[test]
    fn what_follows_the_key_goes_to_the_api_byte_for_byte() {
        let key = Key::random().unwrap();
        let text = key.secret().expose_secret();
        for target in
            ["/api/x", "/api/x'y/../z?$filter=a%20eq%20'b'&c", "//evil.example.com/x", "/%2f?a=?b", "/"]
        {
            let admitted =
                ask(&key, Request::get(format!("/{text}{target}")).header(HOST, "127.0.0.1:9100")).unwrap();
            assert_eq!(admitted.uri.to_string(), format!("{API}{target}"));
            assert_eq!(admitted.base, format!("http://127.0.0.1:9100/{text}"));
        }
        let bare = ask(&key, Request::get(format!("/{text}?x")).header(HOST, "localhost:9100")).unwrap();
        assert_eq!(bare.uri.to_string(), format!("{API}/?x"));
        let bearer = Request::post("/api/x").header(HOST, "LOCALHOST:9100");
        let admitted = ask(&key, bearer.header(AUTHORIZATION, format!("Bearer {text}"))).unwrap();
        assert_eq!((admitted.base.as_str(), admitted.effect), ("http://127.0.0.1:9100", Effect::Write));
    }

    #[test]
    fn who_names_another_server_or_no_key_is_turned_away() {
        let key = Key::random().unwrap();
        let path = format!("/{}/x", key.secret().expose_secret());
        for host in
            ["evil.example.com", "evil.example.com:9100", "127.0.0.1", "127.0.0.1:9101", "[::1]:9100", ""]
        {
            let refused = ask(&key, Request::get(&path).header(HOST, host)).unwrap_err();
            assert_eq!(refused, Refusal::Host, "{host}");
        }
        let host = |request: http::request::Builder| request.header(HOST, "127.0.0.1:9100");
        assert_eq!(ask(&key, Request::get(&path)).unwrap_err(), Refusal::Host);
        assert_eq!(ask(&key, host(host(Request::get(&path)))).unwrap_err(), Refusal::Host);
        assert_eq!(ask(&key, host(Request::get("/x"))).unwrap_err(), Refusal::Key);
        let absolute = format!("http://127.0.0.1:9100{path}");
        assert_eq!(ask(&key, host(Request::get(absolute))).unwrap_err(), Refusal::Target);
        for method in ["OPTIONS", "TRACE", "CONNECT", "PROPFIND"] {
            let request = host(Request::builder().method(method).uri(&path));
            assert_eq!(ask(&key, request).unwrap_err(), Refusal::Method, "{method}");
        }
    }

    #[test]
    fn the_port_of_http_may_be_left_out_and_no_other() {
        let key = Key::random().unwrap();
        let ask = |port: u16, host: &str| {
            let request = Request::get(format!("/{}/x", key.secret().expose_secret())).header(HOST, host);
            let parts = request.body(()).unwrap().into_parts().0;
            admit(parts, ([127, 0, 0, 1], port).into(), &key, &API.parse().unwrap()).map(drop)
        };
        for host in ["127.0.0.1", "localhost", "127.0.0.1:80", "LOCALHOST:80"] {
            assert_eq!(ask(80, host), Ok(()), "{host}");
        }
        for host in ["evil.example.com", "evil.example.com:80", "127.0.0.1:8080", ":80", ""] {
            assert_eq!(ask(80, host), Err(Refusal::Host), "{host}");
        }
        assert_eq!(ask(8080, "127.0.0.1"), Err(Refusal::Host));
    }

    #[test]
    fn what_speaks_of_the_client_stays_behind() {
        let key = Key::random().unwrap();
        let request = Request::get(format!("/{}/x", key.secret().expose_secret()))
            .header(HOST, "127.0.0.1:9100")
            .header(REFERER, "http://127.0.0.1:9100/key")
            .header(ORIGIN, "http://x")
            .header(ACCEPT_ENCODING, "gzip")
            .header("accept", "application/json");
        let admitted = ask(&key, request).unwrap();
        let left: Vec<&str> = admitted.headers.keys().map(http::HeaderName::as_str).collect();
        assert_eq!(left, ["host", "accept"]);
    }
}

//! Pages of other origins, which a browser lets use the proxy only where it was told to.

use connector_host::proxy::Proxy;
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{TOKEN, client};
use crate::support::connect;
use crate::support::home::{Home, simulator};
use crate::support::server::{Answer, Server};

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_an_origin_that_was_named_may_use_the_proxy_and_no_others() {
    const PAGE: &str = "https://app.example.com";
    let server = Server::start().await.expect("loopback is there");
    let foreign = vec![("access-control-allow-origin".to_owned(), "*".to_owned())];
    server.answer(Answer { status: 200, body: b"{}".to_vec(), headers: foreign, ..Answer::default() });
    let proxy = Proxy::builder(connect(&server.origin(), TOKEN))
        .allow_origin(PAGE.parse().expect("it is an origin"))
        .start()
        .await
        .expect("loopback has a free port");
    let url = format!("{}/api/x", proxy.origin());
    let asks = |origin: &str| {
        client()
            .request(reqwest::Method::OPTIONS, &url)
            .header("origin", origin)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,content-type")
    };
    let asked = asks(PAGE).send().await.expect("it answers");
    let header = |answer: &reqwest::Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().expect("it is text").to_owned())
    };
    assert_eq!(asked.status(), 204);
    assert_eq!(header(&asked, "access-control-allow-origin").as_deref(), Some(PAGE));
    assert!(header(&asked, "access-control-allow-methods").is_some_and(|methods| methods.contains("PATCH")));
    assert_eq!(header(&asked, "access-control-allow-headers").as_deref(), Some("authorization,content-type"));
    assert_eq!(header(&asked, "vary").as_deref(), Some("Origin"));
    assert_eq!(server.received(), [], "it is not sent on");

    let get =
        |origin: &str| client().get(&url).header("origin", origin).bearer_auth(proxy.key().expose_secret());
    let got = get(PAGE).send().await.expect("it answers");
    assert_eq!(
        (got.status().as_u16(), header(&got, "access-control-allow-origin").as_deref()),
        (200, Some(PAGE))
    );
    let unkeyed = client().get(&url).header("origin", PAGE).send().await.expect("it answers");
    assert_eq!(unkeyed.status(), 401, "a page needs the key all the same");
    for other in ["https://app.example.com.evil.example", "http://app.example.com", "null"] {
        let asked = asks(other).send().await.expect("it answers");
        let allowed = header(&asked, "access-control-allow-origin");
        assert_eq!((asked.status().as_u16(), allowed), (401, None), "{other}");
        let got = get(other).send().await.expect("it answers");
        assert_eq!(header(&got, "access-control-allow-origin"), None, "{other}");
    }
    for wrong in ["*", "null", "app.example.com", "https://app.example.com/x"] {
        let simulator = simulator(json!({})).await;
        Home::of(&simulator).run(&["proxy", "--allow-origin", wrong]).usage("origin");
    }
}

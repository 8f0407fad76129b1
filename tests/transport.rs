//! TLS, HTTP/2 and proxies, as the command line meets them: the servers are real, and the platform trusts them only by
//! the file that `SSL_CERT_FILE` names.

#[cfg(unix)]
mod files;
mod http2;
pub(crate) mod proxy;
mod refused;
pub(crate) mod server;

use std::process::Command;

use proxy::Proxy;
use server::{PAGES, Server, Speaks};

use crate::support::home::{Home, Outcome};

/// The name by which the server is known behind a proxy, and nowhere else.
const NAME: &str = "api.test.example";

#[tokio::test(flavor = "multi_thread")]
async fn all_pages_come_over_one_http2_connection() {
    let server = Server::start(Speaks::Http2, &["localhost"]).await;
    let outcome = list(&home(&server, "localhost"), |command| server.trusted(command));
    assert_eq!(outcome.done().stdout.lines().count(), PAGES);
    let arrivals = server.arrivals();
    assert_eq!(arrivals.len(), PAGES);
    assert!(arrivals.iter().all(|arrival| arrival.version == http::Version::HTTP_2), "{arrivals:?}");
    assert!(arrivals.iter().all(|arrival| arrival.connection == 1), "{arrivals:?}");
    assert!(arrivals.iter().all(|arrival| arrival.authorization == "Bearer t0ken"), "{arrivals:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_http2_keeps_its_connection_too() {
    let server = Server::start(Speaks::Http1, &["localhost"]).await;
    let outcome = list(&home(&server, "localhost"), |command| server.trusted(command));
    assert_eq!(outcome.done().stdout.lines().count(), PAGES);
    let arrivals = server.arrivals();
    assert!(arrivals.iter().all(|arrival| arrival.version == http::Version::HTTP_11), "{arrivals:?}");
    assert!(arrivals.iter().all(|arrival| arrival.connection == 1), "{arrivals:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_carries_tls_from_end_to_end() {
    let server = Server::start(Speaks::Http2, &[NAME]).await;
    let proxy = Proxy::start(server.port()).await;
    let outcome = list(&home(&server, NAME), |command| {
        server.trusted(command).env("HTTPS_PROXY", proxy.url("ann", "pa55word"))
    });
    assert_eq!(outcome.done().stdout.lines().count(), PAGES);
    assert_eq!(server.arrivals().len(), PAGES);
    let heads = proxy.heads();
    let [head] = &heads[..] else { panic!("one tunnel was to be made: {heads:?}") };
    assert!(head.starts_with(&format!("CONNECT {NAME}:{} HTTP/1.1\r\n", server.port())), "{head}");
    // "ann:pa55word" in Base64 (RFC 7617).
    assert!(head.to_ascii_lowercase().contains("proxy-authorization: basic yw5uonbhntv3b3jk"), "{head}");
    assert!(!proxy.saw("t0ken"), "the token left in clear");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_that_refuses_is_told_apart_from_the_api() {
    let server = Server::start(Speaks::Http2, &[NAME]).await;
    let proxy = Proxy::refusing("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    let outcome = list(&home(&server, NAME), |command| {
        server.trusted(command).env("HTTPS_PROXY", proxy.url("ann", "pa55word"))
    });
    assert_eq!(outcome.code, 7, "{outcome:?}");
    assert!(outcome.stderr.contains("proxy") && outcome.stderr.contains("hint:"), "{outcome:?}");
    assert!(!outcome.stderr.contains("pa55word"), "{outcome:?}");
    assert!(server.arrivals().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_proxy_takes_a_wildcard_and_a_port() {
    let server = Server::start(Speaks::Http2, &[NAME]).await;
    let proxy = Proxy::refusing("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
    for (no_proxy, asked) in [
        ("*.test.example".to_owned(), 0),
        (format!("{NAME}:{}", server.port()), 0),
        (format!("{NAME}:1"), 1),
        ("*.other.example".to_owned(), 1),
    ] {
        let before = proxy.heads().len();
        let outcome = list(&home(&server, NAME), |command| {
            server.trusted(command).env("HTTPS_PROXY", proxy.url("ann", "x")).env("NO_PROXY", &no_proxy)
        });
        // The name is known to nobody: without the proxy it does not resolve.
        assert_eq!(outcome.code, 7, "{outcome:?}");
        assert_eq!((proxy.heads().len() - before).min(1), asked, "{no_proxy}: {outcome:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted_ends_it() {
    let server = Server::start(Speaks::Http2, &["localhost"]).await;
    let other = Server::start(Speaks::Http2, &["localhost"]).await;
    let elsewhere = Server::start(Speaks::Http2, &["elsewhere.example"]).await;
    let unknown = list(&home(&server, "localhost"), |command| other.trusted(command));
    let misnamed = list(&home(&elsewhere, "localhost"), |command| elsewhere.trusted(command));
    let of_the_system = list(&home(&server, "localhost"), |command| command);
    for outcome in [unknown, misnamed, of_the_system] {
        assert_eq!(outcome.code, 7, "{outcome:?}");
        assert!(outcome.stderr.starts_with("error: "), "nothing comes before the message: {outcome:?}");
        assert!(cfg!(not(target_os = "linux")) || outcome.stderr.contains("SSL_CERT_FILE"), "{outcome:?}");
        assert!(outcome.stderr.contains("certificate") && outcome.stderr.contains("hint:"), "{outcome:?}");
    }
    assert!(server.arrivals().is_empty() && elsewhere.arrivals().is_empty(), "a token left");
}

fn home(server: &Server, name: &str) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"https://{name}:{}\"\nallow-loopback-http = true\n\
         [connections.default.auth]\nkind = \"token\"\ntoken-env = \"TEST_TOKEN\"\n",
        server.port()
    ));
    home
}

fn list(home: &Home, prepare: impl FnOnce(&mut Command) -> &mut Command) -> Outcome {
    let mut command =
        home.command(&["call", "list-machines", "--all", "--output", "ndjson", "--deadline", "20s"]);
    command.env("TEST_TOKEN", "t0ken");
    tokio::task::block_in_place(|| prepare(&mut command).output()).expect("the command starts").into()
}

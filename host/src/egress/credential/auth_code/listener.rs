//! Listens on this machine until the browser comes back. It accepts one answer, and everything is bounded.

use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::answer::{self, Answer};
use crate::connection::{LoopbackName, Redirect};
use crate::egress::credential::CredentialError;

/// The default port of an `http` address.
const HTTP_PORT: u16 = 80;
/// How many connections are served at a time; further ones wait.
const CONNECTIONS: usize = 16;
/// How long one connection may last.
const CONNECTION_TIME: Duration = Duration::from_secs(10);
/// How long the page may take to arrive.
const PAGE_TIME: Duration = Duration::from_secs(2);
/// The largest head of a request, in bytes.
const LARGEST_HEAD: usize = 32 << 10;

/// Listens for the browser.
pub(super) struct Listener {
    listeners: Vec<TcpListener>,
    redirect: Redirect,
    port: u16,
}

/// What serves every connection.
struct Door {
    /// The `host` that a browser sends for this address. A page elsewhere whose name resolves to this machine
    /// sends another.
    host: String,
    /// The same without the port, which a browser leaves out if it is the scheme's default.
    bare_host: Option<String>,
    path: String,
    state: String,
    answers: mpsc::Sender<Answer>,
}

impl Listener {
    pub(super) async fn bind(redirect: &Redirect) -> Result<Self, CredentialError> {
        let failed = |error: std::io::Error| CredentialError::Listener {
            address: redirect.with_port(redirect.port().unwrap_or_default()).into(),
            message: error.to_string().into(),
        };
        let wish = redirect.port().unwrap_or_default();
        let first: SocketAddr = match redirect.host() {
            LoopbackName::Localhost | LoopbackName::V4 => (Ipv4Addr::LOCALHOST, wish).into(),
            LoopbackName::V6 => (Ipv6Addr::LOCALHOST, wish).into(),
        };
        let first = TcpListener::bind(first).await.map_err(failed)?;
        let port = first.local_addr().map_err(failed)?.port();
        let mut listeners = vec![first];
        if redirect.host() == LoopbackName::Localhost {
            // A browser may resolve the name to either address. Without IPv6 it uses the first.
            listeners.extend(TcpListener::bind((Ipv6Addr::LOCALHOST, port)).await.ok());
        }
        Ok(Self { listeners, redirect: redirect.clone(), port })
    }

    /// The address that the browser must be sent back to.
    pub(super) fn address(&self) -> String {
        self.redirect.with_port(self.port)
    }

    /// Waits for the browser that knows the state.
    pub(super) async fn answer(self, state: &str) -> Result<Answer, CredentialError> {
        let (answers, mut answered) = mpsc::channel(1);
        let door = Arc::new(Door {
            host: format!("{}:{}", self.redirect.host(), self.port),
            bare_host: (self.port == HTTP_PORT).then(|| self.redirect.host().to_string()),
            path: self.redirect.path().to_owned(),
            state: state.to_owned(),
            answers,
        });
        let mut connections = JoinSet::new();
        loop {
            let accepted = async {
                let accepting = self.listeners.iter().map(|listener| Box::pin(listener.accept()));
                futures::future::select_all(accepting).await.0
            };
            tokio::select! {
                Some(answer) = answered.recv() => {
                    // The page is being sent: let it arrive. Browsers also open connections that they do not
                    // use.
                    let shown = async {
                        while let Some(served) = connections.join_next().await {
                            if matches!(served, Ok(true)) {
                                break;
                            }
                        }
                    };
                    let _ = tokio::time::timeout(PAGE_TIME, shown).await;
                    return Ok(answer);
                }
                Some(_) = connections.join_next() => {}
                stream = accepted, if connections.len() < CONNECTIONS => {
                    if let Ok((stream, _)) = stream {
                        connections.spawn(serve(stream, door.clone()));
                    } else {
                        // Perhaps there are too many open files: that passes, so try again, but not in a busy
                        // loop.
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                }
            }
        }
    }
}

/// Serves one request. Returns whether it was the answer.
async fn serve(stream: TcpStream, door: Arc<Door>) -> bool {
    let answered = AtomicBool::new(false);
    let service = service_fn(|request| {
        let page = door.open(&request);
        answered.store(page.status() == StatusCode::OK, Ordering::Relaxed);
        async move { Ok::<_, Infallible>(page) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(CONNECTION_TIME)
        .keep_alive(false)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    // A client that breaks off or is too slow gets no page; the next one may be the browser.
    let _ = tokio::time::timeout(CONNECTION_TIME, connection).await;
    answered.load(Ordering::Relaxed)
}

impl Door {
    fn open<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
        let own = |host: &str| {
            let mut names = std::iter::once(&self.host).chain(&self.bare_host);
            names.any(|name| host.eq_ignore_ascii_case(name))
        };
        if !host.is_some_and(own) {
            return page(StatusCode::MISDIRECTED_REQUEST);
        }
        match answer::read(request.method(), request.uri(), &self.path, &self.state) {
            Ok(answer) => {
                // Only the first answer counts.
                let _ = self.answers.try_send(answer);
                page(StatusCode::OK)
            }
            Err(status) => page(status),
        }
    }
}

/// A plain page that repeats nothing from the request.
fn page(status: StatusCode) -> Response<Full<Bytes>> {
    let text = match status {
        StatusCode::OK => {
            "The sign-in is back with the program that asked for it. You can close this page and look there."
        }
        _ => "This is not the page of a sign-in that is under way. You can close it.",
    };
    let html = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Sign-in</title><body><p>{text}</p></body></html>"
    );
    let mut response = Response::new(Full::new(Bytes::from(html)));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        headers.insert(name, http::HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_leaves_out_the_port_of_http_and_no_other() {
        let status = |port: u16, host: &str| {
            let (answers, _) = mpsc::channel(1);
            let bare_host = (port == HTTP_PORT).then(|| "localhost".to_owned());
            let (path, state) = ("/".to_owned(), "s1".to_owned());
            let door = Door { host: format!("localhost:{port}"), bare_host, path, state, answers };
            let request = Request::get("/?code=a&state=s1").header("host", host).body(()).unwrap();
            door.open(&request).status().as_u16()
        };
        assert_eq!((status(80, "localhost"), status(80, "LOCALHOST:80")), (200, 200));
        assert_eq!((status(8400, "localhost:8400"), status(8400, "localhost")), (200, 421));
        assert_eq!((status(80, "localhost:8400"), status(80, "evil.example")), (421, 421));
    }
}

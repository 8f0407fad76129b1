//! The internet, as far as a sign-in needs one: a proxy, all of whose tunnels end at one server of this machine. It has
//! the names that it is given and is trusted in them, so that what is sent to them is seen whole, and none of it leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::process::Command;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, header};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::transport::proxy::Proxy;
use crate::transport::server::{Speaks, identity};

/// The access token that it gives everybody.
pub(super) const TOKEN: &str = "t0ken";

pub(super) struct Internet {
    proxy: Proxy,
    folder: TempDir,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// The method, and the address without its query.
    pub(super) what: String,
    pub(super) authorization: String,
    pub(super) form: BTreeMap<String, String>,
}

impl Internet {
    /// Starts it, with these names. It ends with the test's runtime.
    pub(super) async fn start(names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary directory");
        let (acceptor, authority) = identity(Speaks::Http1, names);
        std::fs::write(folder.path().join("authority.pem"), authority).expect("the directory can be written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let proxy = Proxy::start(listener.local_addr().expect("it is bound").port()).await;
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let all = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&all)));
            }
        });
        Self { proxy, folder, seen }
    }

    /// Lets a command reach it, and nothing else.
    pub(super) fn reached_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .env("HTTPS_PROXY", self.proxy.url("ann", "pa55word"))
            .env("SSL_CERT_FILE", self.folder.path().join("authority.pem"))
    }

    /// Takes what was seen since it was last taken.
    pub(super) fn taken(&self) -> Vec<Seen> {
        std::mem::take(&mut *self.seen.lock().expect("no test panicked here"))
    }

    /// The names to which tunnels were asked for, each with its port.
    pub(super) fn tunnels(&self) -> BTreeSet<String> {
        let target = |head: &String| head.split(' ').nth(1).map(str::to_owned);
        self.proxy.heads().iter().filter_map(target).collect()
    }
}

async fn serve(stream: TcpStream, acceptor: TlsAcceptor, seen: Arc<Mutex<Vec<Seen>>>) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let service = service_fn(move |request: Request<Incoming>| {
        let seen = Arc::clone(&seen);
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            let text =
                |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let path = parts.uri.path();
            seen.lock().expect("no test panicked here").push(Seen {
                what: format!("{} https://{}{path}", parts.method, text(header::HOST)),
                authorization: text(header::AUTHORIZATION).to_owned(),
                form: url::form_urlencoded::parse(&body).into_owned().collect(),
            });
            let (status, reply) = reply(path);
            let mut response = Response::new(Full::new(Bytes::from(reply.to_string())));
            *response.status_mut() = status.try_into().expect("it is a status");
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            Ok::<_, Infallible>(response)
        }
    });
    // A client that goes away is no concern of the server's.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// Anybody gets a token, nobody a code for a device, and the API knows nothing.
fn reply(path: &str) -> (u16, Value) {
    match path.rsplit('/').next() {
        Some("token") => {
            let token = json!({ "access_token": TOKEN, "token_type": "Bearer", "expires_in": 3599,
                                "refresh_token": "refresh" });
            (200, token)
        }
        Some("devicecode") => (400, json!({ "error": "invalid_client" })),
        _ => (200, json!({ "value": [] })),
    }
}

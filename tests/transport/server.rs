//! An API over TLS that has a list of a few pages.

use std::convert::Infallible;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, Version, header};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

/// How many pages the list has, with one machine on each.
pub(crate) const PAGES: usize = 5;

/// What the server offers by ALPN (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaks {
    Http1,
    Http2,
}

/// What arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) version: Version,
    /// Which connection it came over, counted from 1.
    pub(crate) connection: usize,
    pub(crate) authorization: String,
}

pub(crate) struct Server {
    port: u16,
    authority: PathBuf,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
    _folder: TempDir,
}

impl Server {
    /// Starts it with a certificate for these names, by an authority of its own. It ends with the test's runtime.
    pub(crate) async fn start(speaks: Speaks, names: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("there is a temporary directory");
        let authority = folder.path().join("authority.pem");
        let (acceptor, certificate) = identity(speaks, names);
        std::fs::write(&authority, certificate).expect("the temporary directory can be written");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let arrivals = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(accept(listener, acceptor, speaks, arrivals.clone()));
        Self { port, authority, arrivals, _folder: folder }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Has a command trust the server's authority, and no other.
    pub(crate) fn trusted<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("SSL_CERT_FILE", &self.authority)
    }

    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.arrivals.lock().expect("no test panicked here").clone()
    }
}

/// Who a server is: what it speaks TLS with, and the certificate of the authority that vouches for its names, in PEM.
pub(crate) fn identity(speaks: Speaks, names: &[&str]) -> (TlsAcceptor, String) {
    let mut issuer = CertificateParams::default();
    issuer.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    issuer.distinguished_name.push(DnType::CommonName, "Authority of a test");
    let key = KeyPair::generate().expect("keys can be made");
    let issuer = CertifiedIssuer::self_signed(issuer, key).expect("the authority can sign itself");
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().expect("keys can be made");
    let leaf = CertificateParams::new(names).expect("these are names");
    let leaf = leaf.signed_by(&key, &issuer).expect("the authority can sign");
    let mut config =
        rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("these are versions")
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
            .expect("key and certificate fit");
    config.alpn_protocols = match speaks {
        Speaks::Http1 => vec![b"http/1.1".to_vec()],
        Speaks::Http2 => vec![b"h2".to_vec()],
    };
    (TlsAcceptor::from(Arc::new(config)), issuer.pem())
}

async fn accept(
    listener: TcpListener,
    acceptor: TlsAcceptor,
    speaks: Speaks,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
) {
    let connections = Arc::new(AtomicUsize::new(0));
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, arrivals, connections) = (acceptor.clone(), arrivals.clone(), connections.clone());
        tokio::spawn(serve(stream, acceptor, speaks, connections, arrivals));
    }
}

/// Serves one connection. One that ends in the handshake is of no interest: the client says why.
async fn serve(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    speaks: Speaks,
    connections: Arc<AtomicUsize>,
    arrivals: Arc<Mutex<Vec<Arrival>>>,
) {
    let Ok(stream) = acceptor.accept(stream).await else { return };
    let connection = connections.fetch_add(1, Ordering::SeqCst) + 1;
    let service = service_fn(move |request: Request<Incoming>| {
        let authorization = request.headers().get(header::AUTHORIZATION);
        arrivals.lock().expect("no test panicked here").push(Arrival {
            version: request.version(),
            connection,
            authorization: authorization.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned(),
        });
        let reply = page(&request);
        async move { Ok::<_, Infallible>(reply) }
    });
    let stream = TokioIo::new(stream);
    let _ = match speaks {
        Speaks::Http1 => http1::Builder::new().serve_connection(stream, service).await,
        Speaks::Http2 => http2::Builder::new(TokioExecutor::new()).serve_connection(stream, service).await,
    };
}

fn page(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let host = request.uri().authority().map(http::uri::Authority::as_str).or(host).unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let number: usize = query.strip_prefix("$skip=").and_then(|skip| skip.parse().ok()).unwrap_or(0);
    let mut page = serde_json::json!({ "value": [{ "id": number.to_string() }] });
    if number + 1 < PAGES {
        page["@odata.nextLink"] = format!("https://{host}/api/machines?$skip={}", number + 1).into();
    }
    let mut reply = Response::new(Full::new(page.to_string().into()));
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    reply
}

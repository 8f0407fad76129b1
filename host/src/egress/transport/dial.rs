//! Makes a connection: resolves the name, checks the addresses, dials one of them, through a proxy if there
//! is one, and negotiates TLS.
//!
//! The dialler gets the addresses that the resolver has checked, and nothing looks the name up again, so a
//! name that changes its answer (DNS rebinding) gains nothing.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::{GaiResolver, Name};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Intercept;
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::dial_error::out_of_files;
use super::link::{Link, Wire};
use super::proxies::Proxies;
use super::{CONNECT_TIMEOUT, DialError, METADATA_CONNECT_TIMEOUT, innermost, tls};
use crate::egress::destination::{Forbidden, Origin, check_address, check_metadata_address};

/// Which addresses may be dialled.
#[derive(Clone, Copy)]
pub(super) enum Reach {
    /// Those of the public internet, and with the grant also this machine's, by its own names.
    Public { loopback: bool },
    /// Only those of this link and this machine, for a platform's metadata service.
    Metadata,
}

impl Reach {
    fn check(self, address: IpAddr, named_loopback: bool) -> Result<(), Forbidden> {
        match self {
            Self::Public { loopback } => check_address(address, loopback && named_loopback),
            Self::Metadata => check_metadata_address(address, named_loopback),
        }
    }

    fn patience(self) -> Duration {
        match self {
            Self::Public { .. } => CONNECT_TIMEOUT,
            Self::Metadata => METADATA_CONNECT_TIMEOUT,
        }
    }
}

/// Makes connections.
#[derive(Clone)]
pub(super) struct Dialler {
    reach: Reach,
    proxies: Arc<Proxies>,
    direct: HttpConnector<CheckedResolver>,
    to_proxy: HttpConnector<GaiResolver>,
}

impl Dialler {
    pub(super) fn new(reach: Reach, proxies: Proxies) -> Self {
        Self::with_lookup(reach, proxies, Arc::new(system_lookup))
    }

    pub(super) fn with_lookup(reach: Reach, proxies: Proxies, lookup: Lookup) -> Self {
        Self {
            reach,
            proxies: Arc::new(proxies),
            direct: connector(HttpConnector::new_with_resolver(CheckedResolver { reach, lookup })),
            to_proxy: connector(HttpConnector::new_with_resolver(GaiResolver::new())),
        }
    }

    async fn dial(self, uri: Uri) -> Result<Link, DialError> {
        let origin = Origin::of(&uri).map_err(|error| DialError::Address(error.to_string().into()))?;
        if uri.scheme_str() != Some("https") {
            return self.direct(&origin, uri).await.map(MaybeHttpsStream::Http).map(Link::new);
        }
        let proxy = if origin.host().is_loopback() { None } else { self.proxies.intercept(&uri) };
        let wire = match proxy {
            Some(proxy) => self.tunnel(proxy, uri.clone()).await?,
            None => self.direct(&origin, uri.clone()).await?,
        };
        let stream = handshake(&uri, wire, &tls::shared().await?.to_api).await?;
        Ok(Link::new(MaybeHttpsStream::Https(TokioIo::new(stream))))
    }

    async fn direct(&self, origin: &Origin, uri: Uri) -> Result<Wire, DialError> {
        // An IP address is not resolved, so the resolver does not check it.
        if let Some(address) = origin.host().address() {
            self.reach.check(address, origin.host().is_loopback())?;
        }
        self.direct.clone().call(uri).await.map(Wire::Http).map_err(|error| DialError::of(&error))
    }

    /// Connects through a proxy, which resolves the target's name. The user chose the proxy, so it may be on
    /// an internal network.
    async fn tunnel(&self, proxy: Intercept, uri: Uri) -> Result<Wire, DialError> {
        let failed = |error: &(dyn std::error::Error + 'static)| DialError::Proxy(innermost(error));
        let to_proxy = ProxyConnector { tcp: self.to_proxy.clone() };
        match proxy.uri().scheme_str() {
            Some("http" | "https") => {}
            other => {
                return Err(DialError::Proxy(
                    format!("{} proxies are not supported", other.unwrap_or("?")).into(),
                ));
            }
        }
        let mut tunnel = Tunnel::new(proxy.uri().clone(), to_proxy);
        if let Some(auth) = proxy.basic_auth() {
            tunnel = tunnel.with_auth(auth.clone());
        }
        tunnel.call(uri).await.map_err(|error| failed(&error))
    }
}

/// The pool's interface to the dialler: makes one connection within [`Reach::patience`].
impl Service<Uri> for Dialler {
    type Response = Link;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Link, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let dialler = self.clone();
        Box::pin(async move {
            let patience = dialler.reach.patience();
            tokio::time::timeout(patience, dialler.dial(uri)).await.unwrap_or(Err(DialError::TimedOut))
        })
    }
}

#[derive(Clone)]
struct ProxyConnector {
    tcp: HttpConnector<GaiResolver>,
}

impl Service<Uri> for ProxyConnector {
    type Response = Wire;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Wire, DialError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        Box::pin(async move {
            let stream = tcp.call(uri.clone()).await.map_err(|error| DialError::of(&error))?;
            if uri.scheme_str() != Some("https") {
                return Ok(Wire::Http(stream));
            }
            let stream = handshake(&uri, stream, &tls::shared().await?.to_proxy).await?;
            Ok(Wire::Https(TokioIo::new(stream)))
        })
    }
}

fn connector<R>(mut tcp: HttpConnector<R>) -> HttpConnector<R>
where
    HttpConnector<R>: Clone,
{
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(Duration::from_secs(60)));
    tcp
}

async fn handshake<S>(
    uri: &Uri,
    stream: S,
    tls: &Arc<ClientConfig>,
) -> Result<tokio_rustls::client::TlsStream<TokioIo<S>>, DialError>
where
    S: hyper::rt::Read + hyper::rt::Write + Unpin,
{
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
    let name = ServerName::try_from(host).map_err(|error| DialError::Tls(error.to_string().into()))?;
    let connecting = TlsConnector::from(tls.clone()).connect(name, TokioIo::new(stream));
    connecting.await.map_err(|error| DialError::of_handshake(&error))
}

/// Looks up a name. The ports of the returned addresses are ignored.
pub(super) type Lookup =
    Arc<dyn Fn(Box<str>) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

fn system_lookup(name: Box<str>) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> {
    Box::pin(async move { Ok(tokio::net::lookup_host((&*name, 0)).await?.collect()) })
}

/// Resolves names, and refuses a name if any of its addresses may not be dialled.
#[derive(Clone)]
struct CheckedResolver {
    reach: Reach,
    lookup: Lookup,
}

impl CheckedResolver {
    async fn resolve(self, name: Box<str>) -> Result<std::vec::IntoIter<SocketAddr>, DialError> {
        let named_loopback = &*name == "localhost";
        if matches!(self.reach, Reach::Metadata) && !named_loopback {
            return Err(DialError::Address("a metadata service has no name".into()));
        }
        let addresses = (self.lookup)(name.clone()).await.map_err(|error| {
            if out_of_files(&error) {
                return DialError::OutOfFiles;
            }
            DialError::Dns { name: name.clone(), message: error.to_string().into() }
        })?;
        if addresses.is_empty() {
            return Err(DialError::Dns { name, message: "it has no address".into() });
        }
        for address in &addresses {
            self.reach.check(address.ip(), named_loopback)?;
        }
        Ok(addresses.into_iter())
    }
}

impl Service<Name> for CheckedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = DialError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, DialError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name.as_str().into()))
    }
}

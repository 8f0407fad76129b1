//! TLS with the platform's trusted certificates.

use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt;

use super::DialError;

/// The TLS settings of all connections in this process. They are shared because reading the platform's
/// certificates takes some ten milliseconds.
#[derive(Debug)]
pub(super) struct Tls {
    /// For APIs: HTTP/2 or HTTP/1.1.
    pub(super) to_api: Arc<ClientConfig>,
    /// For proxies: HTTP/1.1.
    pub(super) to_proxy: Arc<ClientConfig>,
}

/// Returns the settings, creating them when the first connection needs them.
pub(super) async fn shared() -> Result<&'static Tls, DialError> {
    static SHARED: OnceLock<Tls> = OnceLock::new();
    if let Some(tls) = SHARED.get() {
        return Ok(tls);
    }
    let failed = |message: String| DialError::Roots(message.into());
    let tls = tokio::task::spawn_blocking(Tls::new).await.map_err(|error| failed(error.to_string()))?;
    let tls = tls.map_err(|error| failed(error.to_string()))?;
    Ok(SHARED.get_or_init(|| tls))
}

impl Tls {
    /// TLS 1.2 and 1.3 with the platform's roots and policies. The cryptography provider is given explicitly,
    /// because the default of the process belongs to the program that embeds this library.
    fn new() -> Result<Self, rustls::Error> {
        let to_proxy = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_platform_verifier()?
            .with_no_client_auth();
        let mut to_api = to_proxy.clone();
        to_api.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { to_api: Arc::new(to_api), to_proxy: Arc::new(to_proxy) })
    }
}

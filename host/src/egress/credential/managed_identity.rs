//! The identity that Azure gives to a machine or an app. The platform itself issues its tokens, on the local
//! link or this machine.
//!
//! Machines have the [instance metadata service]; App Service, Functions and Container Apps give
//! [an endpoint of their own] in variables.
//!
//! [instance metadata service]: https://learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token
//! [an endpoint of their own]: https://learn.microsoft.com/azure/app-service/overview-managed-identity#rest-endpoint-reference

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use http::{HeaderValue, Request, Response, Uri};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::exchange::{ExchangeError, exchange};
use super::{AccessToken, Claims, CredentialError, Identity, Source, secret};
use crate::clock::Clock;
use crate::config::Variables;
use crate::connection::ManagedIdentityProfile;
use crate::egress::destination::{Origin, Scheme, check_metadata};
use crate::egress::transport::{Transport, TransportError};

mod reply;

/// The address of the metadata service on every Azure machine.
const INSTANCE_METADATA: &str = "http://169.254.169.254";
const INSTANCE_PATH: &str = "/metadata/identity/oauth2/token";
/// The variables that tell an app where its endpoint is, and the secret for it.
const ENDPOINT: &str = "IDENTITY_ENDPOINT";
const HEADER: &str = "IDENTITY_HEADER";
/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// The waits between attempts: exponential, as Microsoft asks.
const WAITS: [Duration; 4] =
    [Duration::from_secs(2), Duration::from_secs(6), Duration::from_secs(14), Duration::from_secs(30)];
/// The waits after a 410, which the service answers for up to 70 s while it is being updated.
const WAITS_GONE: [Duration; 4] =
    [Duration::from_secs(10), Duration::from_secs(20), Duration::from_secs(20), Duration::from_secs(25)];

/// Obtains tokens from the platform.
#[derive(Debug)]
pub(super) struct ManagedIdentity {
    profile: ManagedIdentityProfile,
    loopback: bool,
    transport: Transport,
    variables: Variables,
    clock: Arc<dyn Clock>,
}

/// The service that issues the tokens here.
struct Service {
    kind: Kind,
    origin: Origin,
    path: String,
    /// The secret for an app's endpoint.
    key: Option<SecretString>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Machine,
    App,
}

impl ManagedIdentity {
    /// `loopback` says whether the profile's own endpoint may be this machine.
    pub(super) fn new(
        profile: ManagedIdentityProfile,
        loopback: bool,
        variables: Variables,
        clock: Arc<dyn Clock>,
    ) -> Self {
        // It has a transport of its own: nothing else in the host may reach a metadata service, and no proxy
        // is used.
        Self { profile, loopback, transport: Transport::to_metadata(), variables, clock }
    }

    async fn obtain(&self) -> Result<AccessToken, CredentialError> {
        let service = self.service()?;
        let mut attempt = 0;
        loop {
            let asked = self.clock.now();
            let response = self.ask(&service).await?;
            let waits = match (service.kind, response.status().as_u16()) {
                (_, 200) => return reply::token(&service.origin, response.body(), asked, service.secret()),
                (Kind::Machine, 410) => &WAITS_GONE,
                (Kind::Machine, 404) | (_, 429 | 500..=599) => &WAITS,
                _ => return Err(reply::refusal(&service.origin, &response, service.secret())),
            };
            let Some(wait) = waits.get(attempt) else {
                return Err(reply::refusal(&service.origin, &response, service.secret()));
            };
            tracing::debug!(status = %response.status(), "the metadata service is asked again in {wait:?}");
            self.clock.sleep_until(self.clock.now().saturating_add(*wait)).await;
            attempt += 1;
        }
    }

    async fn ask(&self, service: &Service) -> Result<Response<Zeroizing<Vec<u8>>>, CredentialError> {
        let address = format!("{}{}?{}", service.origin, service.path, self.query(service.kind));
        let mut request = Request::get(address).header("accept", "application/json");
        request = match &service.key {
            Some(key) => {
                let mut value = HeaderValue::from_str(key.expose_secret()).map_err(|_| {
                    CredentialError::BadVariable { variable: HEADER.into(), expected: "what Azure set it to" }
                })?;
                value.set_sensitive(true);
                request.header("x-identity-header", value)
            }
            None => request.header("metadata", "true"),
        };
        let request = request.body(Bytes::new()).map_err(|error| CredentialError::JunkReply {
            authority: service.origin.clone(),
            message: error.to_string().into(),
        })?;
        let absent = |message: String| CredentialError::NoManagedIdentity {
            endpoint: service.origin.clone(),
            message: message.into(),
        };
        exchange(&self.transport, request, TIMEOUT).await.map_err(|error| match error {
            ExchangeError::Transport(TransportError::NotSent(dial)) => absent(dial.to_string()),
            ExchangeError::Transport(error) => absent(error.to_string()),
            ExchangeError::Unreadable(what) => {
                CredentialError::JunkReply { authority: service.origin.clone(), message: what.into() }
            }
        })
    }

    fn query(&self, kind: Kind) -> String {
        let version = if kind == Kind::Machine { "2018-02-01" } else { "2019-08-01" };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("api-version", version).append_pair("resource", &self.profile.resource);
        if let Some(client_id) = &self.profile.client_id {
            query.append_pair("client_id", client_id);
        }
        query.finish()
    }

    fn service(&self) -> Result<Service, CredentialError> {
        let machine = |origin| Service { kind: Kind::Machine, origin, path: INSTANCE_PATH.into(), key: None };
        if let Some(endpoint) = &self.profile.endpoint {
            check_metadata(endpoint, self.loopback)
                .map_err(|reason| CredentialError::AuthorityDenied { reason: Box::new(reason) })?;
            return Ok(machine(endpoint.clone()));
        }
        let set = |name| self.variables.var(name).is_some_and(|value| !value.is_empty());
        if set(ENDPOINT) && set(HEADER) {
            return self.app();
        }
        INSTANCE_METADATA.parse().map(machine).map_err(|_| CredentialError::Interrupted)
    }

    /// The endpoint belongs to the platform, which puts it on this machine or this link and uses plain http
    /// there.
    fn app(&self) -> Result<Service, CredentialError> {
        let text = secret::variable(&self.variables, ENDPOINT)?;
        let bad = || CredentialError::BadVariable {
            variable: ENDPOINT.into(),
            expected: "an http address on this machine or this link, as Azure sets it",
        };
        let uri: Uri = text.expose_secret().parse().map_err(|_| bad())?;
        let origin = Origin::of(&uri).map_err(|_| bad())?;
        if origin.scheme() != Scheme::Http || check_metadata(&origin, true).is_err() || uri.query().is_some()
        {
            return Err(bad());
        }
        let key = secret::variable(&self.variables, HEADER)?;
        Ok(Service { kind: Kind::App, origin, path: uri.path().to_owned(), key: Some(key) })
    }
}

impl Service {
    /// The secret that must not appear in any message.
    fn secret(&self) -> &str {
        self.key.as_ref().map_or("", |key| key.expose_secret())
    }
}

impl Source for ManagedIdentity {
    fn identity(&self) -> Option<Identity> {
        let service = self.service().ok()?;
        let ManagedIdentityProfile { resource, client_id, .. } = &self.profile;
        let parts = [&service.origin.to_string(), resource, client_id.as_deref().unwrap_or_default()];
        let identity = Identity::new("managed-identity", &parts);
        Some(match &service.key {
            Some(key) => identity.bound_to(key),
            None => identity,
        })
    }

    fn fetch(&self) -> BoxFuture<'_, Result<AccessToken, CredentialError>> {
        self.obtain().boxed()
    }

    /// Always fails: the metadata services take no claims.
    fn step_up<'a>(&'a self, _: &'a Claims) -> BoxFuture<'a, Result<AccessToken, CredentialError>> {
        futures::future::ready(Err(CredentialError::ManagedIdentityStepUp)).boxed()
    }
}

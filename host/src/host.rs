//! The host: an engine that loads connectors, and the state that their connections share.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use wasmtime::component::Linker;

use crate::call::Connection;
use crate::clock::{Clock, SystemClock};
use crate::connection::Profile;
use crate::connector::{Connector, LoadError};
use crate::egress::quota::Waiting;
use crate::egress::{Egress, EgressError};
use crate::engine::{EngineOptions, SandboxEngine};
use crate::handler;
use crate::instance::State;
use crate::store::{MemoryStore, Store};
use crate::vault::{MemoryVault, Vault};

/// How many calls run at a time by default.
const CONCURRENCY: u32 = 128;
/// How much memory one call may use by default: enough for a reply of 64 MB.
const MEMORY: usize = 1 << 30;

/// Loads connectors and connects them. Cheap to clone.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let host = connector_host::Host::builder().concurrency(16).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Host {
    engine: SandboxEngine,
    linker: Arc<Linker<State>>,
    store: Arc<dyn Store>,
    vault: Arc<dyn Vault>,
    clock: Arc<dyn Clock>,
    on_wait: Option<OnWait>,
}

/// The function to call when a request begins to wait.
type OnWait = Arc<dyn Fn(&Waiting) + Send + Sync>;

/// Builds a [`Host`].
pub struct HostBuilder {
    concurrency: u32,
    memory: usize,
    cache: Option<PathBuf>,
    store: Option<Arc<dyn Store>>,
    vault: Option<Arc<dyn Vault>>,
    clock: Arc<dyn Clock>,
    on_wait: Option<OnWait>,
}

/// Why a host cannot be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot set up the WebAssembly engine: {0}")]
pub struct HostError(String);

impl Host {
    /// Returns a builder with the defaults: 128 calls at a time, 1 GiB of memory for each, and nothing on disk.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder {
            concurrency: CONCURRENCY,
            memory: MEMORY,
            cache: None,
            store: None,
            vault: None,
            clock: Arc::new(SystemClock),
            on_wait: None,
        }
    }

    /// Loads a connector from a component's bytes, without running any of its code.
    ///
    /// # Errors
    /// [`LoadError`] says why the bytes are not a connector that can run here.
    pub fn load(&self, component: &[u8]) -> Result<Connector, LoadError> {
        Connector::load(&self.engine, &self.linker, component)
    }

    /// Loads a connector from a file.
    ///
    /// # Errors
    /// As [`Host::load`]; also if the file cannot be read.
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Connector, LoadError> {
        let path = path.as_ref();
        self.load(&Connector::read(path)?)
            .map_err(|error| LoadError::InFile { path: path.to_owned(), error: Box::new(error) })
    }

    pub(crate) fn vault(&self) -> &Arc<dyn Vault> {
        &self.vault
    }

    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Connects a connector: gives it an address, a credential and a quota.
    ///
    /// Nothing is sent before the first call.
    ///
    /// # Errors
    /// The credential cannot be set up, for example because a variable is not set.
    pub fn connect(&self, connector: &Connector, profile: Profile) -> Result<Connection, EgressError> {
        let mut egress = Egress::new(&profile, self.store.clone(), self.vault.clone(), self.clock.clone())?;
        if let Some(observer) = self.on_wait.clone() {
            egress = egress.on_wait(move |waiting| observer(waiting));
        }
        Ok(Connection::new(
            connector.clone(),
            profile,
            Arc::new(egress),
            self.clock.clone(),
            self.store.clone(),
        ))
    }
}

impl HostBuilder {
    /// Sets how many calls may run at a time over all connections; further calls wait. Each slot reserves
    /// address space from the start.
    #[must_use]
    pub fn concurrency(mut self, calls: u32) -> Self {
        self.concurrency = calls.max(1);
        self
    }

    /// Sets how much linear memory one call may use, in bytes; at most 4 GiB.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.memory = bytes.min(4 << 30);
        self
    }

    /// Sets where compiled code is kept between runs. Anyone who can write there can run code as this
    /// process. If the directory cannot be written, the host works without it and logs a warning.
    #[must_use]
    pub fn cache_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// Sets where quota slots and trigger events are kept. By default they are kept in memory: other
    /// processes do not share them, and they are lost when this process ends.
    #[must_use]
    pub fn store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Sets where tokens and logins are kept. By default they are kept in memory, and other processes do not
    /// share them.
    #[must_use]
    pub fn vault(mut self, vault: Arc<dyn Vault>) -> Self {
        self.vault = Some(vault);
        self
    }

    /// Sets the clock. The default is the system's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Sets a function to call whenever a request begins to wait for a quota. It must not block.
    #[must_use]
    pub fn on_wait(mut self, observer: impl Fn(&Waiting) + Send + Sync + 'static) -> Self {
        self.on_wait = Some(Arc::new(observer));
        self
    }

    /// Builds the host.
    ///
    /// # Errors
    /// The engine refuses the settings, or the machine does not have enough address space.
    pub fn build(self) -> Result<Host, HostError> {
        let failed = |error: wasmtime::Error| HostError(format!("{error:#}"));
        let options = EngineOptions { concurrency: self.concurrency, memory: self.memory };
        let engine = SandboxEngine::new(options, self.cache.as_deref()).map_err(failed)?;
        let mut linker = Linker::new(&engine.engine);
        // All of WASI can be linked, since the context grants nothing: no file is open, and no address may be
        // reached.
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(failed)?;
        handler::add_to_linker(&mut linker).map_err(failed)?;
        Ok(Host {
            engine,
            linker: Arc::new(linker),
            store: self.store.unwrap_or_else(|| Arc::new(MemoryStore::default())),
            vault: self.vault.unwrap_or_else(|| Arc::new(MemoryVault::default())),
            clock: self.clock,
            on_wait: self.on_wait,
        })
    }
}

impl std::fmt::Debug for HostBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { concurrency, memory, cache, store, vault, clock, on_wait: _ } = self;
        f.debug_struct("HostBuilder")
            .field("concurrency", concurrency)
            .field("memory", memory)
            .field("cache", cache)
            .field("store", store)
            .field("vault", vault)
            .field("clock", clock)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("engine", &self.engine).finish_non_exhaustive()
    }
}

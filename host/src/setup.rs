//! From flags to objects: the host, the connector and the connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use connector_host::config::{Config, ConfigError, DEFAULT_CONNECTION, Paths, Variables};
use connector_host::egress::credential::settle;
use connector_host::store::SqliteStore;
use connector_host::vault::{FileVault, KeyPlace, MemoryVault, Vault};
use connector_host::{Connection, Connector, Function, Host, Profile, ProfileError, Trust};
use tokio::runtime::Runtime;

use crate::cli::Globals;
use crate::error::CliError;
use crate::terminal;

/// The connector that is embedded in this program.
pub(crate) const EMBEDDED: &[u8] = include_bytes!(env!("CONNECTOR_COMPONENT"));

/// How many calls a command makes at a time, with room to spare: each slot reserves address space.
const CONCURRENCY: u32 = 16;

/// How long the program waits before it exits for a renewed login to be saved: the authority no longer
/// accepts the old one.
const UNFINISHED: Duration = Duration::from_secs(5);
/// How long it waits for threads that are stuck in a system call.
const LAST: Duration = Duration::from_secs(1);

/// The connector that the flags name, to be inspected only.
pub(crate) fn connector(globals: &Globals) -> Result<Connector, CliError> {
    let host = Host::builder().concurrency(1).cache_dir(paths(globals)?.cache.join("code")).build()?;
    load(&host, globals)
}

/// The connector that the flags name, and a host that knows what is stored for its connections but does not
/// connect.
pub(crate) fn keeper(globals: &Globals) -> Result<(Host, Connector), CliError> {
    let paths = paths(globals)?;
    let host = Host::builder()
        .concurrency(1)
        .cache_dir(paths.cache.join("code"))
        .vault(vault(&paths.state)?)
        .build()?;
    let connector = load(&host, globals)?;
    Ok((host, connector))
}

/// The connector that the flags name, and the host to connect it in. The host shares its quota with other
/// processes.
pub(crate) fn host(globals: &Globals) -> Result<(Host, Connector), CliError> {
    host_for(globals, CONCURRENCY)
}

/// Like [`host`], for this many calls at a time.
pub(crate) fn host_for(globals: &Globals, calls: u32) -> Result<(Host, Connector), CliError> {
    let paths = paths(globals)?;
    let store = store(globals)?;
    let host = Host::builder()
        .concurrency(calls)
        .cache_dir(paths.cache.join("code"))
        .store(store)
        .vault(vault(&paths.state)?)
        .on_wait(terminal::tell_of_wait)
        .build()?;
    let connector = load(&host, globals)?;
    Ok((host, connector))
}

/// The state that this program shares with its other processes on this machine, present and future.
pub(crate) fn store(globals: &Globals) -> Result<Arc<SqliteStore>, CliError> {
    Ok(Arc::new(SqliteStore::open(&paths(globals)?.state)?))
}

/// Where tokens and logins are kept: as `CONNECTOR_VAULT` says, or otherwise in the best place that the
/// platform offers.
pub(crate) fn vault(state: &Path) -> Result<Arc<dyn Vault>, CliError> {
    Ok(match key_place()? {
        Some(place) => Arc::new(FileVault::new(state.join("vault"), place)),
        None => Arc::new(MemoryVault::default()),
    })
}

/// Fails if nothing is kept: a login would be lost when the command ends.
pub(crate) fn require_vault() -> Result<(), CliError> {
    match key_place()? {
        Some(_) => Ok(()),
        None => Err(CliError::usage(
            format!("{VAULT} is `none`, so no login can be kept"),
            format!("unset {VAULT}, or set it to `keyring` or `file`"),
        )),
    }
}

/// The variable that says where tokens and logins are kept.
const VAULT: &str = "CONNECTOR_VAULT";

/// Where the key that encrypts kept secrets is; `None` if nothing is kept.
fn key_place() -> Result<Option<KeyPlace>, CliError> {
    let Some(value) = Variables::process().var(VAULT).filter(|value| !value.is_empty()) else {
        return Ok(Some(KeyPlace::KeyringOrFile));
    };
    match value.to_str() {
        Some("keyring") if cfg!(not(feature = "keyring")) => Err(CliError::usage(
            format!("{VAULT} is `keyring`, but this program was built without support for the keyring"),
            format!("set {VAULT} to `file`, or leave it unset"),
        )),
        Some("keyring") => Ok(Some(KeyPlace::Keyring)),
        Some("file") => Ok(Some(KeyPlace::File)),
        Some("none") => Ok(None),
        _ => Err(CliError::usage(
            format!("{VAULT} is `{}`; expected `keyring`, `file` or `none`", value.display()),
            format!("set {VAULT} to `keyring`, `file` or `none`, or leave it unset"),
        )),
    }
}

/// The configuration file that the flags name.
pub(crate) fn config(globals: &Globals) -> Result<Config, CliError> {
    Ok(Config::load(&config_path(globals)?, &Variables::process())?)
}

/// The path of the configuration file.
pub(crate) fn config_path(globals: &Globals) -> Result<PathBuf, CliError> {
    Ok(paths(globals)?.config)
}

/// The connection that the flags name.
pub(crate) fn connection(
    globals: &Globals,
    host: &Host,
    connector: &Connector,
) -> Result<Connection, CliError> {
    Ok(host.connect(connector, profile(globals, connector)?)?)
}

/// The profile of the connection that the flags name.
pub(crate) fn profile(globals: &Globals, connector: &Connector) -> Result<Profile, CliError> {
    let name = globals.connection.as_deref().unwrap_or(DEFAULT_CONNECTION);
    profile_of(globals, &config(globals)?, name, connector)
}

/// The profile of the connection with this name.
pub(crate) fn profile_of(
    globals: &Globals,
    config: &Config,
    name: &str,
    connector: &Connector,
) -> Result<Profile, CliError> {
    config.profile(name, connector.manifest(), trust(globals, connector)).map_err(|error| match &error {
        ConfigError::Invalid { error: reason, .. }
            if matches!(**reason, ProfileError::Unaccepted { .. }) && globals.component.is_some() =>
        {
            let file = globals.component.as_deref().unwrap_or(Path::new("")).display();
            CliError::usage(
                format!("{file} is not the connector that this program carries: {error}"),
                error.hint(),
            )
        }
        _ => error.into(),
    })
}

/// Whether the connector may say where a credential goes: the embedded connector may.
pub(crate) fn trust(globals: &Globals, connector: &Connector) -> Trust {
    let is_carried = globals.component.is_none() || *connector.digest() == hmac_sha256::Hash::hash(EMBEDDED);
    if is_carried { Trust::Connector } else { Trust::Profile }
}

/// The action with this name.
pub(crate) fn function<'a>(connector: &'a Connector, name: &str) -> Result<&'a Function, CliError> {
    if connector.manifest().triggers.iter().any(|trigger| trigger.name == name) {
        return Err(CliError::usage(
            format!("`{name}` is a trigger, not an action"),
            format!("`connector watch {name}` brings its events"),
        ));
    }
    Ok(connector.find(name)?)
}

/// Runs a command's work to its end, and shuts down the threads that it ran on.
pub(crate) fn run<T>(work: impl Future<Output = T>) -> Result<T, CliError> {
    Ok(run_on(runtime()?, work))
}

/// Like [`run`], on the given runtime.
pub(crate) fn run_on<T>(runtime: Runtime, work: impl Future<Output = T>) -> T {
    let outcome = runtime.block_on(async {
        let outcome = work.await;
        settle(UNFINISHED).await;
        outcome
    });
    // A thread may be blocked for ever, for example by a reader that does not read: it ends with the process.
    runtime.shutdown_timeout(LAST);
    outcome
}

/// The runtime that calls run on.
pub(crate) fn runtime() -> Result<Runtime, CliError> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().map_err(|error| {
        CliError::local(format!("cannot start threads: {error}"), "check the limits on processes and threads")
    })
}

fn load(host: &Host, globals: &Globals) -> Result<Connector, CliError> {
    Ok(match &globals.component {
        Some(path) => host.load_file(path)?,
        None => host.load(EMBEDDED)?,
    })
}

fn paths(globals: &Globals) -> Result<Paths, CliError> {
    Paths::find(globals.config.clone(), &Variables::process())
        .map_err(|error| CliError::usage(error.to_string(), error.hint()))
}

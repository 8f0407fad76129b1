//! `connector serve`: runs all triggers of the configuration file in one process.

use std::collections::HashMap;
use std::sync::Arc;

use connector_host::clock::SystemClock;
use connector_host::config::{Config, TriggerSettings, TriggerSource};
use connector_host::serve::{Push, Server, ServerBuilder};
use connector_host::store::Subscription;
use connector_host::triggers::{Callback, Clerk, WatchBuilder};
use connector_host::{Connection, Connector, Host};
use secrecy::{ExposeSecret as _, SecretString};

use super::to::{self, To};
use super::watch::{interrupted, news};
use crate::cli::{Globals, ServeArgs};
use crate::error::CliError;
use crate::setup;
use crate::terminal::printable;

mod open_files;
mod report;

/// The most polls that run at a time, including those that wait for a quota.
const POLLS: usize = 256;
/// How many notifications are read at a time. They have their own slots, so that polls never delay them.
const NOTIFICATIONS: u32 = 16;
/// The fewest characters of a secret in an address.
const SHORTEST_SECRET: usize = 24;
/// How many threads wait for the disk, for programs, and for other blocking work.
const BLOCKING: usize = 32;

pub(crate) fn run(globals: &Globals, arguments: &ServeArgs) -> Result<(), CliError> {
    let config = setup::config(globals)?;
    let count = config.triggers().count();
    if count == 0 {
        return Err(CliError::usage(
            format!("{} has no triggers to serve", config.path().display()),
            "add a table such as [triggers.soc] with `trigger` and `to`",
        ));
    }
    check_names(&config, &arguments.resubscribe)?;
    open_files::make_room(count);
    let mut kitchen = Kitchen::new(globals, &config, arguments.unsubscribe)?;
    let mut server = Server::builder().admin(arguments.admin).observe(report::tell);
    for settings in config.triggers() {
        let resubscribe = arguments.resubscribe.contains(&settings.name);
        server = kitchen.add(server, settings, resubscribe).map_err(|error| of(settings, error))?;
    }
    tell_of_strays(globals, &config, &kitchen.pushed)?;
    if kitchen.pushes {
        server = server.listen(arguments.listen);
        if let Some(url) = &arguments.public_url {
            server = server.public_url(url);
        }
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING)
        .enable_all()
        .build()
        .map_err(|error| {
            CliError::local(
                format!("cannot start threads: {error}"),
                "check the limits on processes and threads",
            )
        })?;
    setup::run_on(runtime, async {
        let server = server.bind().await.map_err(|error| {
            CliError::usage(error.to_string(), "choose other addresses with --listen and --admin")
        })?;
        if let Some(address) = server.address() {
            news::log(&format!("notifications are received at http://{address}/hooks/"));
        }
        if let Some(address) = server.admin_address() {
            news::log(&format!("health and metrics are at http://{address}/healthz, /readyz and /metrics"));
        }
        news::log(&format!("serving {}; stop with Ctrl-C", news::counted(count as u64, "trigger")));
        server
            .run_until(async {
                interrupted().await;
                news::log("ending: what is under way is finished; interrupt again to end at once");
                tokio::spawn(async {
                    interrupted().await;
                    std::process::exit(1);
                });
            })
            .await;
        Ok(())
    })
}

/// Makes the parts of triggers: each host, connection and callback is made once.
struct Kitchen<'a> {
    globals: &'a Globals,
    config: &'a Config,
    polling: (Host, Connector),
    receiving: (Host, Connector),
    connections: HashMap<(String, bool), Connection>,
    callbacks: HashMap<To, Arc<dyn Callback>>,
    pushes: bool,
    /// The watches that receive notifications, as named in the store.
    pushed: Vec<String>,
    unsubscribe: bool,
}

impl<'a> Kitchen<'a> {
    fn new(globals: &'a Globals, config: &'a Config, unsubscribe: bool) -> Result<Self, CliError> {
        let polled = config.triggers().count().clamp(16, POLLS);
        let polling = setup::host_for(globals, u32::try_from(polled).unwrap_or(u32::MAX))?;
        let receiving = setup::host_for(globals, NOTIFICATIONS)?;
        let (connections, callbacks) = (HashMap::new(), HashMap::new());
        let (pushes, pushed) = (false, Vec::new());
        Ok(Self { globals, config, polling, receiving, connections, callbacks, pushes, pushed, unsubscribe })
    }

    fn add(
        &mut self,
        server: ServerBuilder,
        settings: &TriggerSettings,
        resubscribe: bool,
    ) -> Result<ServerBuilder, CliError> {
        let pushed = matches!(settings.source, TriggerSource::Push { .. });
        let connection = self.connection(&settings.connection, pushed)?;
        let callback = self.callback(settings)?;
        let no_trigger =
            |error: connector_host::triggers::TriggerError| CliError::usage(error.to_string(), error.hint());
        let settled = |watch: WatchBuilder| {
            let watch = watch.to_shared(callback);
            match settings.give_up {
                Some(time) => watch.give_up_after(time),
                None => watch,
            }
        };
        match &settings.source {
            TriggerSource::Push { verify_env, path_secret_env } => {
                self.pushes = true;
                let (inbox, watch) = connection.push_trigger(&settings.trigger).map_err(no_trigger)?.open();
                if path_secret_env.is_none() && !inbox.trigger().description().subscribes() {
                    return Err(CliError::usage(
                        "the connector cannot subscribe to it by itself",
                        "name the variable with the secret part of the address in `path-secret-env`, and subscribe \
                         by hand",
                    ));
                }
                let verifier = if verify_env.is_empty() { None } else { Some(to::signer(verify_env)?) };
                let path_secret = path_secret_env.as_deref().map(path_secret).transpose()?;
                self.pushed.push(watch.name());
                let push = Push { verifier, path_secret, resubscribe, unsubscribe: self.unsubscribe };
                Ok(server.pushed(&settings.name, inbox, settled(watch), push))
            }
            TriggerSource::Poll { since, interval, overlap, page_size, quota_share } => {
                let trigger = connection.trigger(&settings.trigger).map_err(no_trigger)?;
                let mut watch = settled(trigger.watch());
                if let Some(since) = since {
                    watch = watch.since(since.to_string());
                }
                if let Some(interval) = interval {
                    watch = watch.interval(*interval, *interval);
                }
                if let Some(overlap) = overlap {
                    watch = watch.overlap(*overlap);
                }
                if let Some(events) = page_size {
                    watch = watch.page_size(*events);
                }
                if let Some(share) = quota_share {
                    watch = watch.quota_share(*share);
                }
                Ok(server.polled(&settings.name, &connection, watch))
            }
            _ => Err(CliError::usage("its `source` is not known", "use `poll` or `push`")),
        }
    }

    fn connection(&mut self, name: &str, pushed: bool) -> Result<Connection, CliError> {
        let key = (name.to_owned(), pushed);
        if let Some(connection) = self.connections.get(&key) {
            return Ok(connection.clone());
        }
        let (host, connector) = if pushed { &self.receiving } else { &self.polling };
        let profile = setup::profile_of(self.globals, self.config, name, connector)?;
        let connection = host.connect(connector, profile)?;
        self.connections.insert(key, connection.clone());
        Ok(connection)
    }

    /// Triggers that send their events to the same place share a callback.
    fn callback(&mut self, settings: &TriggerSettings) -> Result<Arc<dyn Callback>, CliError> {
        let to = To {
            place: settings.to.clone(),
            secret_env: settings.secret_env.clone(),
            binary: settings.binary,
            envelope: settings.format,
            allow_loopback_http: settings.allow_loopback_http,
            timeout: settings.timeout,
        };
        if let Some(callback) = self.callbacks.get(&to) {
            return Ok(Arc::clone(callback));
        }
        let callback = to.callback(self.config)?;
        self.callbacks.insert(to, Arc::clone(&callback));
        Ok(callback)
    }
}

/// Adds to an error the table that it is about.
fn of(settings: &TriggerSettings, error: CliError) -> CliError {
    error.in_context(&format!("triggers.{}", settings.name))
}

fn check_names(config: &Config, names: &[String]) -> Result<(), CliError> {
    let unknown = names.iter().find(|name| config.triggers().all(|trigger| trigger.name != **name));
    match unknown {
        None => Ok(()),
        Some(name) => Err(CliError::usage(
            format!("the configuration has no trigger `{name}` to subscribe again"),
            "give the name of a table [triggers.NAME]",
        )),
    }
}

/// Reports subscriptions whose notifications no trigger takes any more.
fn tell_of_strays(globals: &Globals, config: &Config, pushed: &[String]) -> Result<(), CliError> {
    let clerk = Clerk::new(setup::store(globals)?, Arc::new(SystemClock));
    let strays = clerk.subscriptions()?;
    for (watch, Subscription { address, .. }) in strays.iter().filter(|(watch, _)| !pushed.contains(watch)) {
        let (watch, address) = (printable(watch), printable(address));
        news::warn(&format!(
            "the API notifies {address} of {watch}, but no trigger of {} takes the notifications; put its trigger back and run once \
             with --unsubscribe to end the subscription, or forget it with: connector events forget {watch}",
            config.path().display()
        ));
    }
    Ok(())
}

fn path_secret(variable: &str) -> Result<SecretString, CliError> {
    let secret = to::secret(variable, "secret part of an address")?;
    let text = secret.expose_secret();
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    if plain && text.len() >= SHORTEST_SECRET {
        return Ok(secret);
    }
    Err(CliError::usage(
        format!(
            "the secret in {variable} must have at least {SHORTEST_SECRET} characters, and only letters, digits, - and _"
        ),
        format!("make one with: {variable}=$(head -c 24 /dev/urandom | base64 | tr +/ -_)"),
    ))
}

//! The command line: what may be written, and what it means.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::error::CliError;
use crate::usage;

mod triggers;

pub(crate) use triggers::{EventsCommand, ServeArgs, WatchArgs};

/// Runs workflow connectors in a sandbox: the connector never sees the credential, and reaches only its own API.
#[derive(Debug, Parser)]
#[command(name = "connector", version, max_term_width = 110, propagate_version = true)]
struct CommandLine {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// A command with the flags that all commands share.
#[derive(Debug)]
pub(crate) struct Invocation {
    pub(crate) globals: Globals,
    pub(crate) command: Command,
}

/// Flags that all commands share; they may stand before or after the command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Globals {
    /// The connector to run; left out, the one that this program carries
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CONNECTOR_COMPONENT",
        help_heading = "Global options"
    )]
    pub(crate) component: Option<PathBuf>,
    /// The configuration file; left out, `connector/config.toml` in your configuration directory
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    pub(crate) config: Option<PathBuf>,
    /// The connection to use, as the configuration file names it [default: default]
    #[arg(
        long,
        global = true,
        value_name = "NAME",
        env = "CONNECTOR_CONNECTION",
        help_heading = "Global options"
    )]
    pub(crate) connection: Option<String>,
    /// How results are written [default: json, or a table where a list is for reading]
    #[arg(long, short, global = true, value_enum, default_value_t = Format::Auto, hide_default_value = true,
          hide_possible_values = false, value_name = "FORMAT", help_heading = "Global options")]
    pub(crate) output: Format,
    /// How long a call may take, waiting and all its pages included, such as 30s, 5m or 1h [default: 5m]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, help_heading = "Global options")]
    pub(crate) deadline: Option<Duration>,
    /// Write CSV in which a spreadsheet takes no text for a formula: an apostrophe goes before text that looks like one
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) csv_safe: bool,
    /// Say more on standard error; again for still more
    #[arg(long, short, global = true, action = ArgAction::Count, help_heading = "Global options")]
    pub(crate) verbose: u8,
}

/// How results are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// What suits the command
    #[default]
    #[value(hide = true)]
    Auto,
    /// One JSON document
    Json,
    /// A table, for reading
    Table,
    /// One JSON document a line, for each thing in a list
    Ndjson,
    /// Comma-separated values, with a header; exact, so a spreadsheet may run text as a formula: see --csv-safe
    Csv,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List the connector's actions
    Actions,
    /// Say what an action or a trigger does, takes and needs; or what the connector is
    Describe {
        /// The action, such as one that `connector actions` lists; or a trigger
        action: Option<String>,
    },
    /// Call an action
    ///
    /// `connector actions` lists the actions, and `connector call <action> --help` an action's own flags.
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Call(CallArgs),
    /// Bring the events of a trigger to a callback, each at least once
    ///
    /// It goes on where it left off, whatever ended it: what was found and not yet delivered is kept.
    Watch(WatchArgs),
    /// Run all triggers of the configuration file, and receive notifications for those that are pushed
    ///
    /// Each table [triggers.NAME] of the configuration file is one. It ends at Ctrl-C or SIGTERM, when what is under
    /// way is done; what is not delivered by then is kept.
    Serve(ServeArgs),
    /// Look at events that wait or could not be delivered, and deliver them again
    #[command(subcommand)]
    Events(EventsCommand),
    /// Sign in as a person, once, for a connection of the kind device-code or auth-code
    ///
    /// Opens the browser, or prints an address and a code for a browser anywhere. What comes of it is kept, encrypted,
    /// for later commands, until `connector logout`.
    Login(LoginArgs),
    /// Forget a person's login
    Logout,
    /// List, test, add or remove connections
    #[command(subcommand)]
    Connections(ConnectionsCommand),
    /// Serve the connection to other engines, on this machine
    ///
    /// An engine that runs the component itself, and cannot add the credential, sends its requests here in place of to
    /// the API. They leave as if this program had made the call: to the connection's API only, with its credential,
    /// within its quota. A key that is new in each run keeps others out.
    Proxy(ProxyArgs),
    /// Serve a stand-in for the API on this machine, with its sign-in
    Simulate(SimulateArgs),
    /// Watch the embedded connector at work against the stand-in API
    Demo,
    /// Write a completion script for a shell to standard output
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The action and its own flags, which only the connector knows.
#[derive(Debug, Args)]
pub(crate) struct CallArgs {
    /// The action, with its flags
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, num_args = 0.., value_name = "ACTION")]
    pub(crate) words: Vec<OsString>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// List the connections of the configuration file
    List,
    /// Sign in, make one cheap read, and say which actions the credential allows; nothing is changed
    Test {
        /// The actions that matter, separated by commas: say which permissions they need at least, and fail unless all
        /// of them are allowed
        #[arg(long = "for", value_name = "ACTIONS", value_delimiter = ',')]
        named: Vec<String>,
    },
    /// Add a connection to the configuration file
    ///
    /// Asks, on a terminal, for what the flags do not say. Secrets are never written into the file: it names the
    /// variable, file or command where one is.
    Add(Box<AddArgs>),
    /// Take a connection out of the configuration file
    Remove {
        /// The connection's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Do not open a browser: only print the address
    #[arg(long)]
    pub(crate) no_browser: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The connection's name [default: default]
    pub(crate) name: Option<String>,
    /// Replace the connection of that name, with all that it says
    #[arg(long)]
    pub(crate) replace: bool,
    /// The cloud, as `connector describe` lists them
    #[arg(long)]
    pub(crate) cloud: Option<String>,
    /// The API's address, in place of the cloud's
    #[arg(long, value_name = "URL")]
    pub(crate) api_url: Option<String>,
    /// The tenant to sign in to: its id or one of its domains
    #[arg(long, value_name = "TENANT")]
    pub(crate) tenant_id: Option<String>,
    /// How to sign in: client-secret, certificate, device-code, auth-code, managed-identity, workload-identity, azure-cli,
    /// token or none
    #[arg(long)]
    pub(crate) kind: Option<String>,
    /// The application's (client) id
    #[arg(long, value_name = "ID")]
    pub(crate) client_id: Option<String>,
    /// The environment variable that holds the application's secret
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) client_secret_env: Option<String>,
    /// The file that holds the application's secret
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<String>,
    /// The environment variable that holds a token
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// The command that prints a token: the program, then its arguments, one flag for each
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) token_command: Vec<String>,
    /// The file with the application's certificate: PEM, DER or PKCS#12
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_file: Option<String>,
    /// The file with the certificate's key, where it is not in the same file
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<String>,
    /// The environment variable that holds the password of the certificate's key
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) certificate_password_env: Option<String>,
    /// The file that holds the password of the certificate's key
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate_password_file: Option<String>,
    /// How the certificate's key signs: PS256, or RS256 for authorities that know no other
    #[arg(long, value_name = "NAME")]
    pub(crate) signing_algorithm: Option<String>,
    /// Where the browser comes back to, of the kind auth-code [default: http://localhost, at any free port]
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_uri: Option<String>,
    /// The file with the token of a workload identity [default: as `AZURE_FEDERATED_TOKEN_FILE` says]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<String>,
    /// The address of the metadata service of a managed identity, for tests
    #[arg(long, value_name = "URL")]
    pub(crate) metadata_endpoint: Option<String>,
    /// The scope to ask a token for, in place of the cloud's
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// The path at which the authority gives tokens [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) token_path: Option<String>,
    /// The path at which the authority signs people in [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) authorization_path: Option<String>,
    /// The path at which the authority gives codes to devices [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) device_authorization_path: Option<String>,
    /// The token authority's address, in place of the cloud's
    #[arg(long, value_name = "URL")]
    pub(crate) authority: Option<String>,
    /// Let requests go to this machine, and by http: for tests and simulators
    #[arg(long)]
    pub(crate) allow_loopback_http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// The port to serve on, on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The port to serve on, on 127.0.0.1; 0 for any that is free
    #[arg(long, default_value_t = 9000)]
    pub(crate) port: u16,
    /// Settings of the stand-in, as JSON or `@file`: limits, latency, faults and so on
    #[arg(long, value_name = "JSON")]
    pub(crate) options: Option<String>,
}

/// Reads the command line.
pub(crate) fn parse(words: &[OsString]) -> Result<Invocation, CliError> {
    let line = CommandLine::try_parse_from(words)
        .map_err(|error| usage::mistake(error, &usage::command(words, &command())))?;
    let mut globals = line.globals;
    globals.settle()?;
    Ok(Invocation { globals, command: line.command })
}

/// The command line as clap has it, for completions.
pub(crate) fn command() -> clap::Command {
    <CommandLine as clap::CommandFactory>::command()
}

impl Globals {
    /// Adds the shared flags to a command that is made up as the program runs.
    pub(crate) fn augment(command: clap::Command) -> clap::Command {
        <Self as Args>::augment_args(command)
    }

    /// Takes over what was written after the action.
    pub(crate) fn update(&mut self, matches: &mut clap::ArgMatches) -> Result<(), CliError> {
        let late =
            Self::from_arg_matches_mut(matches).map_err(|error| usage::mistake(error, "connector call"))?;
        if late.output != Format::Auto {
            self.output = late.output;
        }
        self.component = late.component.or(self.component.take());
        self.config = late.config.or(self.config.take());
        self.connection = late.connection.or(self.connection.take());
        self.deadline = late.deadline.or(self.deadline);
        self.verbose = self.verbose.max(late.verbose);
        self.csv_safe |= late.csv_safe;
        self.settle()
    }

    /// What flags say together.
    fn settle(&mut self) -> Result<(), CliError> {
        match self.output {
            Format::Auto if self.csv_safe => self.output = Format::Csv,
            Format::Json | Format::Ndjson | Format::Table if self.csv_safe => {
                return Err(CliError::usage("--csv-safe is for CSV", "leave it out, or use `--output csv`"));
            }
            _ => {}
        }
        Ok(())
    }
}

/// `30s`, `5m`, `1h`, or a number of seconds.
fn duration(text: &str) -> Result<Duration, String> {
    connector_host::config::duration(text)
        .ok_or_else(|| "expected a time greater than zero, such as 30s, 5m or 1h".to_owned())
}

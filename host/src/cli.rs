//! The command line: what may be written, and what it means.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use connector_host::egress::destination::{Origin, OriginError};

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
    /// The connector to run [default: the one that this program carries]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "CONNECTOR_COMPONENT",
        help_heading = "Global options"
    )]
    pub(crate) component: Option<PathBuf>,
    /// The configuration file [default: `connector/config.toml` in your configuration directory]
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
    /// Print more to standard error; repeat it for even more
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
    /// Describe an action or a trigger, or the connector itself
    Describe {
        /// The action or trigger [default: the connector itself]
        action: Option<String>,
    },
    /// Print the JSON Schema of an action's input and output, or of a trigger's events
    ///
    /// The schemas follow JSON Schema 2020-12 and stand alone. An action has `input` and `output`; a trigger has `poll`
    /// and `push`, for the data of events that are polled and of those that the API pushes.
    Schema {
        /// The action or trigger
        name: String,
        /// Print only this schema [default: an object with all of them]
        part: Option<SchemaPart>,
    },
    /// Call an action
    ///
    /// `connector actions` lists the actions, and `connector call <action> --help` an action's own flags.
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Call(CallArgs),
    /// Deliver the events of a trigger to a callback, each at least once
    ///
    /// A watch resumes where it stopped, however it ended: events that were found and not yet delivered are kept.
    Watch(WatchArgs),
    /// Run all triggers of the configuration file, and receive the notifications of those that are pushed
    ///
    /// Each table [triggers.NAME] of the configuration file is one trigger. At Ctrl-C or SIGTERM the server finishes what
    /// is under way and ends; events that are not delivered by then are kept.
    Serve(ServeArgs),
    /// List events that are waiting or could not be delivered, and deliver them again
    #[command(subcommand)]
    Events(EventsCommand),
    /// Sign in as a person, once, for a connection of the kind device-code or auth-code
    ///
    /// Opens the browser, or prints an address and a code for a browser anywhere. The login is kept, encrypted,
    /// for later commands, until `connector logout`.
    Login(LoginArgs),
    /// Forget a person's login
    Logout,
    /// List, test, add or remove connections
    #[command(subcommand)]
    Connections(ConnectionsCommand),
    /// Serve the connection to other engines, on this machine
    ///
    /// An engine that runs the component itself, and cannot add the credential, sends its requests here instead of to
    /// the API. They leave as if this program had made the call: only to the connection's API, with its credential, and
    /// within its quota. A key, which is new in each run, keeps others out.
    Proxy(ProxyArgs),
    /// Serve a stand-in for the API and its sign-in on this machine
    Simulate(SimulateArgs),
    /// Show the embedded connector at work against the stand-in API
    Demo,
    /// Write a script to standard output by which a shell completes commands, actions, flags and names
    ///
    /// The script asks this program, so that new actions and connections are completed at once. Load it where your shell
    /// starts, and again after you have installed another version of this program:
    ///
    /// bash: in ~/.bashrc, `source <(connector completions bash)`
    ///
    /// zsh: in ~/.zshrc, after `compinit`, `source <(connector completions zsh)`
    ///
    /// fish: `connector completions fish > ~/.config/fish/completions/connector.fish`
    ///
    /// PowerShell: in the file that `$PROFILE` names, `connector completions powershell | Out-String | Invoke-Expression`
    ///
    /// elvish: in ~/.config/elvish/rc.elv, `eval (connector completions elvish | slurp)`
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write manual pages for all commands and actions into a directory
    ///
    /// The directory is created if it does not exist. `man -l DIRECTORY/connector.1` shows a page; in a directory `man1` of
    /// your manual path, such as ~/.local/share/man/man1, `man connector-call` finds it.
    Man {
        /// The directory
        #[arg(value_hint = clap::ValueHint::DirPath)]
        directory: PathBuf,
    },
}

/// One of the schemas of an action or a trigger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaPart {
    /// What an action takes
    Input,
    /// What an action gives
    Output,
    /// The data of events that are polled
    Poll,
    /// The data of events that the API pushes
    Push,
}

impl SchemaPart {
    /// Its key beside the other schemas.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
            Self::Poll => "poll",
            Self::Push => "push",
        }
    }
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
    /// Sign in, make one cheap read, and list the actions that the credential allows; changes nothing
    Test {
        /// The actions that matter, separated by commas: names the permissions that they need at least, and fails unless
        /// all of them are allowed
        #[arg(long = "for", value_name = "ACTIONS", value_delimiter = ',')]
        named: Vec<String>,
    },
    /// Add a connection to the configuration file
    ///
    /// On a terminal, asks for what the flags leave out. Secrets are never written into the file: it names the variable,
    /// file or command that provides them.
    Add(Box<AddArgs>),
    /// Remove a connection from the configuration file
    Remove {
        /// The connection's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// Print the address, and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The connection's name [default: default]
    pub(crate) name: Option<String>,
    /// Replace the connection of that name, with all its settings
    #[arg(long)]
    pub(crate) replace: bool,
    /// The cloud, one of those that `connector describe` lists
    #[arg(long)]
    pub(crate) cloud: Option<String>,
    /// The API's address, instead of the cloud's
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
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) client_secret_file: Option<String>,
    /// The environment variable that holds a token
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) token_env: Option<String>,
    /// The command that prints a token: one flag for the program, then one for each argument
    #[arg(long, value_name = "WORD", allow_hyphen_values = true)]
    pub(crate) token_command: Vec<String>,
    /// The file with the application's certificate: PEM, DER or PKCS#12
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) certificate_file: Option<String>,
    /// The file with the certificate's key, if it is a file of its own
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) key_file: Option<String>,
    /// The environment variable that holds the password of the certificate's key
    #[arg(long, value_name = "VARIABLE")]
    pub(crate) certificate_password_env: Option<String>,
    /// The file that holds the password of the certificate's key
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) certificate_password_file: Option<String>,
    /// The algorithm with which the certificate's key signs: PS256, or RS256 for authorities that know no other
    #[arg(long, value_name = "NAME")]
    pub(crate) signing_algorithm: Option<String>,
    /// The address to which the browser returns, for the kind auth-code [default: http://localhost, at any free port]
    #[arg(long, value_name = "URL")]
    pub(crate) redirect_uri: Option<String>,
    /// The file with the token of a workload identity [default: the one that `AZURE_FEDERATED_TOKEN_FILE` names]
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) token_file: Option<String>,
    /// The address of the metadata service for managed identities; for tests
    #[arg(long, value_name = "URL")]
    pub(crate) metadata_endpoint: Option<String>,
    /// The scope to ask a token for, instead of the cloud's
    #[arg(long)]
    pub(crate) scope: Option<String>,
    /// The path of the authority's token endpoint [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) token_path: Option<String>,
    /// The path of the authority's authorization endpoint [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) authorization_path: Option<String>,
    /// The path of the authority's device authorization endpoint [default: that of Microsoft Entra]
    #[arg(long, value_name = "PATH")]
    pub(crate) device_authorization_path: Option<String>,
    /// The token authority's address, instead of the cloud's
    #[arg(long, value_name = "URL")]
    pub(crate) authority: Option<String>,
    /// Allow addresses on this machine, also by http; for tests and simulators
    #[arg(long)]
    pub(crate) allow_loopback_http: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProxyArgs {
    /// The port on 127.0.0.1 to serve on; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Let pages of this origin use the proxy (CORS), such as `https://app.example.com`; may be repeated
    #[arg(long, value_name = "ORIGIN", value_parser = page_origin)]
    pub(crate) allow_origin: Vec<Origin>,
}

/// An origin as browsers name it: a scheme, a host and perhaps a port, exactly.
fn page_origin(text: &str) -> Result<Origin, String> {
    text.parse().map_err(|error: OriginError| {
        format!("{error}; expected an origin such as https://app.example.com, without a path")
    })
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// The port on 127.0.0.1 to serve on; 0 picks a free one
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
        .ok_or_else(|| "expected a time greater than zero, such as 30s, 5m or 1h30m".to_owned())
}

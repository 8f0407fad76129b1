//! How a command fails: what happened, what to do next, and the exit code.

use std::io;
use std::process::ExitCode;

use connector_host::config::ConfigError;
use connector_host::egress::EgressError;
use connector_host::store::StoreError;
use connector_host::triggers::WatchError;
use connector_host::{CallError, Failure, FailureCase, Function, HostError, LoadError, Remedy};
use serde_json::json;

use crate::hint::{self, Failed};
use crate::terminal::Screen;

/// Why a command did not do what it was asked to do.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The user asked for help or the version, which clap writes best.
    Clap(Box<clap::Error>),
    /// The command line can be parsed, but is wrong.
    Usage { message: String, hint: Remedy },
    /// The configuration is missing or wrong.
    Config(ConfigError),
    /// The component is not a connector.
    Load(LoadError),
    /// The connection cannot be set up.
    Connect(EgressError),
    /// A call failed.
    Call { error: Box<CallError>, action: Option<Failed> },
    /// A trigger cannot be watched.
    Watch(Box<WatchError>),
    /// Something local that should work does not work.
    Local { message: String, hint: Remedy },
    /// The reader of standard output has closed it.
    Closed,
}

impl CliError {
    pub(crate) fn usage(message: impl Into<String>, hint: impl Into<Remedy>) -> Self {
        Self::Usage { message: message.into(), hint: hint.into() }
    }

    pub(crate) fn local(message: impl Into<String>, hint: impl Into<Remedy>) -> Self {
        Self::Local { message: message.into(), hint: hint.into() }
    }

    /// A call of that function failed.
    pub(crate) fn call(error: CallError, function: &Function) -> Self {
        Self::Call { error: error.into(), action: Some(function.into()) }
    }

    /// Adds the name of the item that the error is about.
    pub(crate) fn in_context(self, name: &str) -> Self {
        match self {
            Self::Usage { message, hint } => Self::usage(format!("{name}: {message}"), hint),
            Self::Local { message, hint } => Self::local(format!("{name}: {message}"), hint),
            other => other,
        }
    }

    /// Tells the user, on standard error: in words, or as one JSON object on the last line.
    pub(crate) fn report(self, as_json: bool) -> ExitCode {
        match &self {
            Self::Closed => return ExitCode::SUCCESS,
            Self::Clap(error) => {
                let text = error.render();
                let _ = if error.use_stderr() {
                    Screen::stderr().help(&text)
                } else {
                    Screen::stdout().help(&text)
                };
                return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
            }
            _ => {}
        }
        let mut failure = self.failure();
        let hint =
            failure.hint.take().as_ref().map(hint::words).or_else(|| hint::of(&failure, self.action()));
        // If standard error itself is gone, nothing more can be reported.
        let _ = if as_json {
            let mut error = json!(failure);
            if let Some(hint) = hint {
                error["hint"] = hint.into();
            }
            Screen::stderr().verbatim(json!({ "error": error }))
        } else {
            describe(&failure, hint.as_deref())
        };
        ExitCode::from(self.code(failure.case))
    }

    fn failure(&self) -> Failure {
        let (case, message, hint) = match self {
            Self::Call { error, .. } => return error.failure(),
            Self::Watch(error) => return error.failure(),
            Self::Connect(error) => return error.failure(connector_host::manifest::Effect::Read),
            Self::Usage { message, hint } => {
                (FailureCase::PermanentInvalidInput, message.clone(), Some(hint.clone()))
            }
            Self::Config(error) => {
                (FailureCase::PermanentInvalidInput, error.to_string(), Some(error.hint()))
            }
            Self::Load(error) => (FailureCase::PermanentInvalidInput, error.to_string(), Some(error.hint())),
            Self::Local { message, hint } => {
                (FailureCase::ExecutionFailed, message.clone(), Some(hint.clone()))
            }
            Self::Clap(error) => (FailureCase::PermanentInvalidInput, error.to_string(), None),
            Self::Closed => (FailureCase::ExecutionFailed, "standard output was closed".into(), None),
        };
        let mut failure = Failure::default();
        failure.case = case;
        failure.message = message;
        failure.hint = hint;
        failure
    }

    fn action(&self) -> Option<&Failed> {
        match self {
            Self::Call { action, .. } => action.as_ref(),
            _ => None,
        }
    }

    /// Scripts rely on the exit codes, which the manual lists.
    fn code(&self, case: FailureCase) -> u8 {
        match case {
            FailureCase::PermanentInvalidInput => 2,
            FailureCase::PermanentUnauthorized | FailureCase::PermanentForbidden => 3,
            FailureCase::PermanentNotFound => 4,
            FailureCase::Throttled => 5,
            FailureCase::PermanentConflict | FailureCase::PermanentRejected => 6,
            FailureCase::Unavailable => 7,
            FailureCase::PermanentOutcomeUnknown => 8,
            FailureCase::PermanentUnexpectedReply => 9,
            _ => 1,
        }
    }
}

fn describe(failure: &Failure, hint: Option<&str>) -> io::Result<()> {
    let mut screen = Screen::stderr();
    screen.hanging(7, format_args!("error: {}", failure.message))?;
    let mut details = Vec::new();
    details.extend(failure.code.as_ref().map(|code| format!("code {code}")));
    details.extend(failure.status.map(|status| format!("HTTP status {status}")));
    details.extend(failure.target.as_ref().map(|target| format!("target {target}")));
    if !details.is_empty() {
        screen.line(format_args!("  ({})", details.join(", ")))?;
    }
    if let Some(hint) = hint {
        let mut lines = hint.lines();
        screen.hanging(6, format_args!("hint: {}", lines.next().unwrap_or_default()))?;
        // Lines of configuration stay separate lines, and cannot be taken for another message.
        lines.try_for_each(|line| screen.verbatim(format_args!("    {line}")))?;
    }
    Ok(())
}

impl From<CallError> for CliError {
    fn from(error: CallError) -> Self {
        Self::Call { error: error.into(), action: None }
    }
}

impl From<WatchError> for CliError {
    fn from(error: WatchError) -> Self {
        Self::Watch(Box::new(error))
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::local(error.to_string(), error.hint())
    }
}

impl From<ConfigError> for CliError {
    fn from(error: ConfigError) -> Self {
        Self::Config(error)
    }
}

impl From<LoadError> for CliError {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl From<EgressError> for CliError {
    fn from(error: EgressError) -> Self {
        Self::Connect(error)
    }
}

impl From<HostError> for CliError {
    fn from(error: HostError) -> Self {
        Self::local(error.to_string(), "report this with the output of `connector --version`")
    }
}

/// Writing to standard output fails when its reader has gone: that is not this program's error.
impl From<io::Error> for CliError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::local(format!("cannot write to standard output: {error}"), "check that the disk has room")
        }
    }
}

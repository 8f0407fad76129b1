//! Delivers events to a program's standard input.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Callback, Outcome};
use crate::program::{Finished, Printed, Program, ProgramError};
use crate::triggers::{Envelope, Event};

/// The default time limit of the program.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How many bytes of the program's output are kept for the message if it fails.
const KEPT: usize = 4 << 10;
/// How many characters of that output go into the message.
const SHOWN: usize = 300;

/// Runs a program for each event. The program reads the event from its standard input as one line of JSON (a
/// CloudEvent) and acknowledges it by exiting with code 0. No shell is involved. Processes that the program
/// leaves behind are not waited for and keep running; a program that exceeds its time limit is killed with
/// its children.
///
/// The program inherits this process's environment, except for the variables that [`CommandBuilder::hide`]
/// names.
#[derive(Debug, Clone)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    hidden: Vec<String>,
    envelope: Envelope,
    timeout: Duration,
}

/// Configures a [`Command`].
#[derive(Debug, Clone)]
pub struct CommandBuilder(Command);

impl Command {
    /// Starts building a callback that runs a program with arguments.
    pub fn builder(
        program: impl Into<String>,
        arguments: impl IntoIterator<Item = impl Into<String>>,
    ) -> CommandBuilder {
        CommandBuilder(Self {
            program: program.into(),
            arguments: arguments.into_iter().map(Into::into).collect(),
            hidden: Vec::new(),
            envelope: Envelope::default(),
            timeout: TIMEOUT,
        })
    }

    async fn run(&self, event: &Event) -> Outcome {
        let program = Program::new(&self.program, self.timeout)
            .arguments(&self.arguments)
            .input(format!("{}\n", self.envelope.wrap(event)))
            .stdout(Printed::Start(KEPT))
            .stderr(Printed::Start(KEPT))
            .without_variables(&self.hidden)
            // An interrupt from the terminal is meant for us, and killing the program kills its children too.
            .in_own_group();
        match program.run().await {
            Ok(Finished { status, .. }) if status.success() => Outcome::Acknowledged,
            Ok(Finished { status, stdout, stderr }) => {
                let said = if stderr.is_empty() { stdout } else { stderr };
                Outcome::retry(format!("{} failed: {status}{}", self.program, quoted(&said)))
            }
            Err(error @ ProgramError::Timeout(_)) => Outcome::retry(format!("{}: {error}", self.program)),
            Err(error) => Outcome::retry(format!("cannot run {}: {error}", self.program)),
        }
    }
}

impl CommandBuilder {
    /// Sets how long the program may run for one event (default one minute). After that it is killed, and the
    /// event is retried.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.0.timeout = time;
        self
    }

    /// Sets what an event is wrapped in. The default is a CloudEvent.
    #[must_use]
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.0.envelope = envelope;
        self
    }

    /// Names environment variables to withhold from the program.
    #[must_use]
    pub fn hide(mut self, variables: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.hidden.extend(variables.into_iter().map(Into::into));
        self
    }

    /// Builds the callback.
    #[must_use]
    pub fn build(self) -> Command {
        self.0
    }
}

impl Callback for Command {
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        async move { self.run(&event).await }.boxed()
    }
}

fn quoted(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
    if text.is_empty() { text } else { format!(" ({text})") }
}

//! Events to a program's standard input.

use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Callback, Outcome};
use crate::program::{Finished, Printed, Program, ProgramError};
use crate::triggers::{Envelope, Event};

/// How long the program may run unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How much of what the program prints is kept, for the message if it fails.
const KEPT: usize = 4 << 10;
/// How much of that goes into the message, in characters.
const SHOWN: usize = 300;

/// Runs a program for each event, which finds the event on its standard input as one line of JSON (a CloudEvent) and
/// acknowledges it by ending with exit code 0. No shell is involved. What the program leaves running is not waited for, and
/// lives on; a program that is out of time is ended with its children.
///
/// The program has this process's environment, but for the variables that hold its secrets.
#[derive(Debug, Clone)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    hidden: Vec<String>,
    envelope: Envelope,
    timeout: Duration,
}

/// Settles how a program is run.
#[derive(Debug, Clone)]
pub struct CommandBuilder(Command);

impl Command {
    /// A program with its arguments.
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
            // An interrupt from the terminal is for us, and what is ended, is ended with its children.
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
    /// How long the program may run for one event; a minute if left out. Then it is ended, and the event tried again.
    #[must_use]
    pub fn timeout(mut self, time: Duration) -> Self {
        self.0.timeout = time;
        self
    }

    /// What an event is wrapped in; a CloudEvent if left out.
    #[must_use]
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.0.envelope = envelope;
        self
    }

    /// Environment variables that the program does not get.
    #[must_use]
    pub fn hide(mut self, variables: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.0.hidden.extend(variables.into_iter().map(Into::into));
        self
    }

    /// The callback.
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

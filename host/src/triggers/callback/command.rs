//! Events to a program's standard input.

use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Child;

use super::{Callback, Outcome};
use crate::triggers::Event;

/// How long the program may run unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(60);
/// How much of what the program prints is kept, for the message if it fails.
const KEPT: usize = 4 << 10;
/// How much of that goes into the message, in characters.
const SHOWN: usize = 300;

/// Runs a program for each event, which finds the event on its standard input as one line of JSON (a CloudEvent) and
/// acknowledges it by ending with exit code 0. No shell is involved.
///
/// The program has this process's environment, but for the variables that hold its secrets.
#[derive(Debug, Clone)]
pub struct Command {
    program: String,
    arguments: Vec<String>,
    hidden: Vec<String>,
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
            timeout: TIMEOUT,
        })
    }

    async fn run(&self, event: &Event) -> Outcome {
        let mut command = tokio::process::Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        for name in &self.hidden {
            command.env_remove(name);
        }
        // A group of its own: an interrupt from the terminal is for us, and what we end, we end with its children.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = match command.kill_on_drop(true).spawn() {
            Ok(child) => child,
            Err(error) => return Outcome::retry(format!("cannot run {}: {error}", self.program)),
        };
        let group = Group::of(&child);
        let ended = tokio::time::timeout(self.timeout, converse(&mut child, event.to_json())).await;
        drop(group);
        match ended {
            Ok(Ok((status, _))) if status.success() => Outcome::Acknowledged,
            Ok(Ok((status, said))) => {
                Outcome::retry(format!("{} failed: {status}{}", self.program, quoted(&said)))
            }
            Ok(Err(error)) => Outcome::retry(format!("cannot run {}: {error}", self.program)),
            Err(_) => {
                let seconds = self.timeout.as_secs_f32();
                Outcome::retry(format!("{} did not end within {seconds} s", self.program))
            }
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

/// Gives the program the event, takes what it prints, and waits for its end.
async fn converse(child: &mut Child, event: String) -> std::io::Result<(ExitStatus, Vec<u8>)> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let tell = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read to the end may acknowledge nevertheless.
            let _ = stdin.write_all(format!("{event}\n").as_bytes()).await;
        }
    };
    let (_, printed, said, status) = tokio::join!(tell, keep_some(stdout), keep_some(stderr), child.wait());
    Ok((status?, if said.is_empty() { printed } else { said }))
}

/// Reads all of it, lest the program wait for a reader, and keeps the first part.
async fn keep_some(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut part = vec![0; KEPT];
    let Some(mut pipe) = pipe else { return kept };
    while let Ok(read @ 1..) = pipe.read(&mut part).await {
        let room = KEPT - kept.len();
        kept.extend_from_slice(&part[..read.min(room)]);
    }
    kept
}

fn quoted(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(SHOWN).collect();
    if text.is_empty() { text } else { format!(" ({text})") }
}

/// The program and its children, which are ended when this is dropped, if they are still there.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

#[cfg(unix)]
impl Group {
    fn of(child: &Child) -> Self {
        let leader =
            child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        Self { leader }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Usually there is nobody left.
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(not(unix))]
impl Group {
    fn of(_: &Child) -> Self {
        Self {}
    }
}

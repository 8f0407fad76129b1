//! Programs that this one starts: a callback that takes an event, a program that prints a token.
//!
//! # What decides
//!
//! **How the program itself ended.** A pipe ends only when everybody who holds it has closed it, and whatever the program
//! leaves running in the background inherits its pipes. Waiting for their end would be waiting for strangers: the program
//! has succeeded, and its success would read as a failure. So once the program has ended, its pipes get a [`GRACE`] and no
//! more. What it printed itself is in them by then.
//!
//! # Who is ended
//!
//! A program that is out of time, or that nobody waits for any more; with [`Program::in_own_group`] its children too. That
//! is done before the program is reaped: afterwards its number may be another's. What a program leaves behind when it
//! ends by itself is its own affair and lives on.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// How long what is left in the pipes is waited for, after the program has ended.
const GRACE: Duration = Duration::from_millis(100);

/// A program to run, and its bounds. No shell is involved.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    input: Option<Vec<u8>>,
    stdout: Printed,
    stderr: Printed,
    timeout: Duration,
    own_group: bool,
}

/// What becomes of what a program prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It goes where this program's own goes.
    Shown,
    /// It is taken, all of it. A program that prints more bytes than this is ended and has failed.
    Whole(usize),
    /// The first bytes are taken, this many at most. The rest is read and dropped, so that the program is not held up.
    Start(usize),
}

/// How a program ended, and what it printed. Memory is wiped: it may be a secret.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Zeroizing<Vec<u8>>,
}

/// Why it is not known how a program ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It could not be started, or not be waited for.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It was ended because its time was up.
    #[error("it did not end within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// It was ended because it printed too much.
    #[error("it printed more than {limit} bytes")]
    TooMuch {
        /// The most bytes that it may print.
        limit: usize,
    },
}

impl Program {
    /// The program of that name, looked for as the platform does. It reads nothing, what it prints is shown, and it has
    /// this long.
    pub(crate) fn new(name: impl AsRef<OsStr>, timeout: Duration) -> Self {
        Self {
            command: Command::new(name),
            input: None,
            stdout: Printed::Shown,
            stderr: Printed::Shown,
            timeout,
            own_group: false,
        }
    }

    pub(crate) fn arguments(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    /// What it finds on its standard input. It need not read it.
    pub(crate) fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    pub(crate) fn stdout(mut self, printed: Printed) -> Self {
        self.stdout = printed;
        self
    }

    pub(crate) fn stderr(mut self, printed: Printed) -> Self {
        self.stderr = printed;
        self
    }

    /// Environment variables that it does not get.
    pub(crate) fn without_variables(mut self, names: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    /// Puts it in a process group of its own: an interrupt from the terminal does not reach it, it cannot ask anything
    /// there, and when it is ended, so are its children. Without effect on Windows.
    pub(crate) fn in_own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Runs it to its end, or until its time is up. Dropping the future ends it too.
    pub(crate) async fn run(mut self) -> Result<Finished, ProgramError> {
        let mut running = self.start()?;
        let (mut stdout, mut stderr) = (self.stdout.room(), self.stderr.room());
        let status = self.converse(&mut running.child, &mut stdout, &mut stderr).await?;
        Ok(Finished { status, stdout, stderr })
    }

    async fn converse(
        &self,
        child: &mut Child,
        printed: &mut Vec<u8>,
        complained: &mut Vec<u8>,
    ) -> Result<ExitStatus, ProgramError> {
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let input = self.input.as_deref().unwrap_or_default();
        let mut pipes = std::pin::pin!(async {
            // All at once: a program that fills one pipe while another is served would never end.
            tokio::try_join!(
                feed(stdin, input),
                self.stdout.take(stdout, printed),
                self.stderr.take(stderr, complained)
            )
        });
        let mut are_done = false;
        let ended = async {
            tokio::select! {
                status = child.wait() => Ok::<_, ProgramError>(status?),
                done = &mut pipes => {
                    done?;
                    are_done = true;
                    Ok(child.wait().await?)
                }
            }
        };
        let ended = tokio::time::timeout(self.timeout, ended).await;
        let status = ended.map_err(|_| ProgramError::Timeout(self.timeout))??;
        if !are_done && let Ok(done) = tokio::time::timeout(GRACE, pipes).await {
            done?;
        }
        Ok(status)
    }

    fn start(&mut self) -> io::Result<Running> {
        let stdin = if self.input.is_some() { Stdio::piped() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(self.stdout.stdio()).stderr(self.stderr.stdio()).kill_on_drop(true);
        #[cfg(unix)]
        if self.own_group {
            self.command.process_group(0);
        }
        Ok(Running { child: self.command.spawn()?, own_group: self.own_group })
    }
}

/// Writes all of the input, or what the program takes of it.
async fn feed(stdin: Option<impl AsyncWrite + Unpin>, input: &[u8]) -> Result<(), ProgramError> {
    if let Some(mut stdin) = stdin {
        // A program that does not read to the end may do well nevertheless.
        let _ = stdin.write_all(input).await;
    }
    Ok(())
}

impl Printed {
    fn stdio(self) -> Stdio {
        if self == Self::Shown { Stdio::inherit() } else { Stdio::piped() }
    }

    /// Room for all that is taken: memory that a vector outgrows is not wiped.
    fn room(self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Shown => Vec::new(),
            Self::Whole(limit) | Self::Start(limit) => Vec::with_capacity(limit),
        })
    }

    async fn take(
        self,
        pipe: Option<impl AsyncRead + Unpin>,
        taken: &mut Vec<u8>,
    ) -> Result<(), ProgramError> {
        let (Some(mut pipe), Self::Whole(limit) | Self::Start(limit)) = (pipe, self) else { return Ok(()) };
        let mut part = Zeroizing::new(vec![0; 8 << 10]);
        // A pipe that fails has ended.
        while let Ok(read @ 1..) = pipe.read(&mut part).await {
            let room = limit - taken.len();
            if read > room && matches!(self, Self::Whole(_)) {
                return Err(ProgramError::TooMuch { limit });
            }
            taken.extend_from_slice(&part[..read.min(room)]);
        }
        Ok(())
    }
}

/// A program that was started. If it has not ended by itself when this is dropped, it is ended.
struct Running {
    child: Child,
    own_group: bool,
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        // There is a number only until the program is reaped, and so long it is nobody else's.
        let number = self.child.id().filter(|_| self.own_group).and_then(|id| i32::try_from(id).ok());
        if let Some(leader) = number.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

//! Programs that this one starts: a callback that receives an event, or a command that prints a token.
//!
//! # What decides
//!
//! **How the program itself ended.** A pipe ends only when every process that holds it has closed it, and
//! background processes that the program leaves behind inherit its pipes. Waiting for the pipes to end would
//! mean waiting for those processes, and a program that has succeeded would seem to have failed. So once the
//! program has ended, its pipes are read for another [`GRACE`] and no longer. By then they contain everything
//! that the program itself printed.
//!
//! # Who is ended
//!
//! A program is killed when its time is up or nobody waits for it any more; with [`Program::in_own_group`],
//! so are its children. This happens before the program is reaped, because afterwards its process id may
//! belong to another. Processes that a program leaves behind when it ends by itself live on.

use std::ffi::OsStr;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::process::{Child, Command};

/// How long to wait for remaining output in the pipes after the program has ended.
const GRACE: Duration = Duration::from_millis(100);

/// A program to run, and its limits. No shell is involved.
#[derive(Debug)]
pub(crate) struct Program {
    command: Command,
    input: Option<Vec<u8>>,
    stdout: Printed,
    stderr: Printed,
    timeout: Duration,
    own_group: bool,
}

/// What happens to a program's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Printed {
    /// It goes to the same place as this program's own output.
    Shown,
    /// All of it is captured. A program that prints more bytes than this is killed and has failed.
    Whole(usize),
    /// At most this many bytes from the start are captured. The rest is read and discarded, so that the
    /// program is not blocked.
    Start(usize),
}

/// How a program ended, and what it printed. The output is wiped from memory, since it may be a secret.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) status: ExitStatus,
    pub(crate) stdout: Zeroizing<Vec<u8>>,
    pub(crate) stderr: Zeroizing<Vec<u8>>,
}

/// Why a program could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProgramError {
    /// It could not be started or waited for.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// It was killed because its time was up.
    #[error("it did not end within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// It was killed because it printed too much.
    #[error("it printed more than {limit} bytes")]
    TooMuch {
        /// The maximum number of bytes that it may print.
        limit: usize,
    },
}

impl Program {
    /// A program of this name, found the way the platform finds programs. By default it gets no input and its
    /// output is shown; it is killed after `timeout`.
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

    /// Sets what the program gets on its standard input. It need not read it.
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

    /// Removes environment variables from the program's environment.
    pub(crate) fn without_variables(mut self, names: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        for name in names {
            self.command.env_remove(name);
        }
        self
    }

    /// Puts the program into its own process group: an interrupt from the terminal does not reach it, it
    /// cannot prompt there, and when it is killed, so are its children. Has no effect on Windows.
    pub(crate) fn in_own_group(mut self) -> Self {
        self.own_group = true;
        self
    }

    /// Runs the program until it ends or its time is up. Dropping the future kills it too.
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
            // All pipes at once: a program that fills one pipe while another is being served would never end.
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

/// Writes all of the input, or as much as the program reads.
async fn feed(stdin: Option<impl AsyncWrite + Unpin>, input: &[u8]) -> Result<(), ProgramError> {
    if let Some(mut stdin) = stdin {
        // A program may succeed without reading all of its input.
        let _ = stdin.write_all(input).await;
    }
    Ok(())
}

impl Printed {
    fn stdio(self) -> Stdio {
        if self == Self::Shown { Stdio::inherit() } else { Stdio::piped() }
    }

    /// Reserves room for everything captured: memory that a growing vector leaves behind is not wiped.
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
        // A failing pipe counts as ended.
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

/// A started program. If it is still running when this is dropped, it is killed.
struct Running {
    child: Child,
    own_group: bool,
}

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        // There is a process id only until the program is reaped, and until then it belongs to no other
        // process.
        let number = self.child.id().filter(|_| self.own_group).and_then(|id| i32::try_from(id).ok());
        if let Some(leader) = number.and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

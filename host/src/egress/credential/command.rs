//! Runs a command that prints a secret: bounded in time and output, without a shell.

use std::ffi::OsStr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

/// How long the command may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest output that is taken for a token, in bytes.
const LARGEST: u64 = 64 << 10;

/// How a command ended, and what it printed.
pub(super) struct Finished {
    pub(super) status: ExitStatus,
    pub(super) output: Zeroizing<Vec<u8>>,
    /// What it printed on standard error, if that was not the user's to see.
    pub(super) complaints: String,
}

/// Whose standard error is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Complaints {
    /// The user's, as it is printed.
    Shown,
    /// The caller's, when the command has ended.
    Kept,
}

/// Runs the command to its end. It is killed if it takes too long.
pub(super) async fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
    complaints: Complaints,
) -> std::io::Result<Finished> {
    let stderr = if complaints == Complaints::Kept { Stdio::piped() } else { Stdio::inherit() };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(stderr)
        .kill_on_drop(true)
        .spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let mut output = Zeroizing::new(Vec::with_capacity(8 << 10));
    let mut errors = Vec::new();
    let run = async {
        // Both at once: a command that fills the one pipe while the other is read would never end.
        tokio::try_join!(read(stdout, &mut output), read(stderr, &mut errors))?;
        child.wait().await
    };
    let late = || std::io::Error::other(format!("it did not end within {} s", TIMEOUT.as_secs()));
    let status = tokio::time::timeout(TIMEOUT, run).await.map_err(|_| late())??;
    Ok(Finished { status, output, complaints: String::from_utf8_lossy(&errors).into_owned() })
}

async fn read(from: Option<impl AsyncRead + Unpin>, into: &mut Vec<u8>) -> std::io::Result<()> {
    if let Some(from) = from {
        from.take(LARGEST + 1).read_to_end(into).await?;
    }
    if into.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!(
            "it printed more than {LARGEST} bytes, too many for a token"
        )));
    }
    Ok(())
}

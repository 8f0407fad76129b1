//! The only way to standard output and standard error, through which no data can drive a terminal.
//!
//! | output | function | made safe |
//! |---|---|---|
//! | lines for people: tables, descriptions, errors, hints, help | [`Screen`], [`tell!`] | always |
//! | the log | [`start_logging`] | always, each event on one line |
//! | data for programs: JSON, CSV, a shell's script | [`data`] | if standard output is a terminal |
//!
//! Characters that could move the cursor, or reorder, hide or imitate text are shown as escapes: see
//! [`printable()`]. Only this program's own colours reach a terminal. `.clippy.toml` forbids every other way.

mod filter;
mod guarded;
mod log;
mod printable;
mod screen;
mod wrap;

use std::io::{self, IsTerminal, Write, stderr, stdout};

use connector_host::egress::quota::Waiting;
use terminal_size::{Width, terminal_size_of};

use guarded::Guarded;
pub(crate) use log::start_logging;
pub(crate) use printable::printable;
pub(crate) use screen::Screen;
pub(crate) use wrap::wrapped;

/// Tells a person something, on standard error. If standard error has been closed, there is nobody to tell,
/// and the program goes on.
macro_rules! tell {
    ($($words:tt)*) => {{
        // Wrapped lines are indented: only the first line begins at the margin, whatever the data are.
        let _ = $crate::terminal::Screen::stderr().hanging(2, format_args!($($words)*));
    }};
}
pub(crate) use tell;

/// Standard output for data: unchanged for a program, and made safe on a terminal.
///
/// JSON stays valid JSON there, with the same values: our escapes are JSON's escapes.
pub(crate) fn data() -> Box<dyn Write> {
    if stdout_is_terminal() { Box::new(events()) } else { Box::new(out()) }
}

/// Standard output for lines that several threads write, made safe for a terminal.
pub(crate) fn events() -> impl Write + Send + 'static {
    Guarded::new(out())
}

/// The width of standard output in columns: that of the terminal, or what the variable `COLUMNS` asks for;
/// otherwise `None`.
pub(crate) fn width() -> Option<usize> {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| columns_of(out()))
}

/// Like [`width`], for standard error.
fn width_of_stderr() -> Option<usize> {
    columns_of(err())
}

/// Whether standard output is a terminal.
pub(crate) fn stdout_is_terminal() -> bool {
    out().is_terminal()
}

/// Whether standard error is a terminal.
pub(crate) fn stderr_is_terminal() -> bool {
    err().is_terminal()
}

/// Tells a person why nothing happens for a while.
pub(crate) fn tell_of_wait(waiting: &Waiting) {
    if stderr_is_terminal() {
        let seconds = waiting.wait.as_secs_f32().ceil();
        tell!(
            "waiting {seconds} s for {} ({} calls in {} s)",
            waiting.scope,
            waiting.limit.calls,
            waiting.limit.period_seconds
        );
    }
}

/// Whether standard output is a terminal, and colour is welcome.
fn stdout_is_coloured() -> bool {
    stdout_is_terminal() && colour_is_welcome()
}

/// Whether standard error is a terminal, and colour is welcome.
fn stderr_is_coloured() -> bool {
    err().is_terminal() && colour_is_welcome()
}

/// See <https://no-color.org>.
fn colour_is_welcome() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[cfg(unix)]
fn columns_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size_of(stream).map(|(Width(columns), _)| columns.into())
}

#[cfg(windows)]
fn columns_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    terminal_size_of(stream).map(|(Width(columns), _)| columns.into())
}

#[expect(clippy::disallowed_methods, reason = "this is the way that all else takes")]
fn out() -> io::Stdout {
    stdout()
}

#[expect(clippy::disallowed_methods, reason = "this is the way that all else takes")]
fn err() -> io::Stderr {
    stderr()
}

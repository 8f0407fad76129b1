//! What only a terminal gets: colour, progress, and room for a table.

use std::io::{IsTerminal, stderr, stdout};

use connector_host::egress::quota::Waiting;
use terminal_size::{Width, terminal_size_of};
use tracing_subscriber::EnvFilter;

/// Tells a person something, on standard error. If nobody reads it any more, nothing is left to tell, and what runs goes on.
macro_rules! tell {
    ($($words:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stderr(), $($words)*);
    }};
}
pub(crate) use tell;

/// The width of tables that do not go to a terminal.
const WIDTH: u16 = 80;

/// Sends diagnostics to standard error: our own warnings by default, more by `-v` or the variable `CONNECTOR_LOG`.
pub(crate) fn start_logging(verbosity: u8) {
    let level = match verbosity {
        // What the verifier of certificates says, the failure that comes of it says better.
        0 => "connector=warn,connector_host=warn,rustls_platform_verifier=off,error",
        1 => "connector=info,rustls_platform_verifier=off,warn",
        2 => "connector=debug,connector_host=debug,info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_env("CONNECTOR_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A second subscriber would only mean that a caller set one first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(stderr)
        .with_ansi(stderr_is_coloured())
        .try_init();
}

/// Whether standard error is a terminal on which colour is welcome.
pub(crate) fn stderr_is_coloured() -> bool {
    stderr().is_terminal() && colour_is_welcome()
}

/// A heading: bold, on a terminal on which that is welcome.
pub(crate) fn heading(line: &str) -> String {
    if stdout_is_terminal() && colour_is_welcome() {
        format!("\u{1b}[1m{line}\u{1b}[0m")
    } else {
        line.to_owned()
    }
}

fn colour_is_welcome() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Whether progress can be shown.
pub(crate) fn shows_progress() -> bool {
    stderr().is_terminal()
}

/// Tells a person why nothing happens.
pub(crate) fn tell_of_wait(waiting: &Waiting) {
    if shows_progress() {
        let seconds = waiting.wait.as_secs_f32().ceil();
        tell!(
            "waiting {seconds} s for {} ({} calls in {} s)",
            waiting.scope,
            waiting.limit.calls,
            waiting.limit.period_seconds
        );
    }
}

/// Whether a person reads standard output.
pub(crate) fn stdout_is_terminal() -> bool {
    stdout().is_terminal()
}

/// How many columns standard output has.
pub(crate) fn width() -> u16 {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.or_else(|| terminal_size_of(stdout()).map(|(Width(columns), _)| columns)).unwrap_or(WIDTH)
}

/// Text from elsewhere made safe to print: control characters, which could drive the terminal, are shown as escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' => safe.push(' '),
            letter if letter.is_control() || is_invisible(letter) => safe.extend(letter.escape_default()),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Characters that reorder or hide what stands beside them.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

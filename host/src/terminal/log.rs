//! Diagnostics on standard error, one event on each line.

use std::io::{self, Write};

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

use super::filter;
use super::printable::printable;

/// Sends diagnostics to standard error: our own warnings by default, more with `-v` or the variable
/// `CONNECTOR_LOG`.
pub(crate) fn start_logging(verbosity: u8) {
    // This fails only if a caller has set a subscriber already. Colours are added once an event is safe.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter::chosen(verbosity))
        .with_writer(Log)
        .with_ansi(false)
        .try_init();
}

/// Where events go.
struct Log;

/// One event.
struct Entry {
    level: Level,
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Entry;

    fn make_writer(&'a self) -> Entry {
        Entry { level: Level::INFO }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Entry {
        Entry { level: *metadata.level() }
    }
}

impl Write for Entry {
    /// Takes a whole event: the subscriber writes each one at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let line = line(&String::from_utf8_lossy(event), self.level, super::stderr_is_coloured());
        super::err().write_all(line.as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        super::err().flush()
    }
}

/// Returns an event as one line: nothing in it can begin another.
fn line(event: &str, level: Level, coloured: bool) -> String {
    let safe = printable(event.trim_end_matches('\n'));
    match safe.split_once(level.as_str()) {
        Some((before, after)) if coloured => {
            format!("{before}\u{1b}[{}m{level}\u{1b}[0m{after}\n", colour(level))
        }
        _ => format!("{safe}\n"),
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "31",
        Level::WARN => "33",
        Level::INFO => "32",
        Level::DEBUG => "34",
        Level::TRACE => "35",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_holds() {
        let event = "2030 WARN guest: said\n2030 INFO audit: \u{1b}[2Jforged\u{9b}\n";
        let safe = r"2030 WARN guest: said 2030 INFO audit: \u001b[2Jforged\u009b";
        assert_eq!(line(event, Level::WARN, false), format!("{safe}\n"));
        let coloured = line(event, Level::WARN, true);
        assert_eq!(coloured, format!("{}\n", safe.replacen("WARN", "\u{1b}[33mWARN\u{1b}[0m", 1)));
    }
}

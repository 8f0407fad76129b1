//! Lines for people.

use std::fmt::Display;
use std::io::{self, StderrLock, StdoutLock, Write};

use super::printable::{printable, with_colours, with_lines};
use super::wrap::wrapped;

/// A writer for people: everything written to it is made safe for a terminal, and fits its width.
pub(crate) struct Screen<W> {
    out: W,
    /// The terminal's width; `None` if there is no terminal.
    width: Option<usize>,
    coloured: bool,
}

impl Screen<StdoutLock<'static>> {
    /// Standard output.
    pub(crate) fn stdout() -> Self {
        Self { out: super::out().lock(), width: super::width(), coloured: super::stdout_is_coloured() }
    }
}

impl Screen<StderrLock<'static>> {
    /// Standard error.
    pub(crate) fn stderr() -> Self {
        Self {
            out: super::err().lock(),
            width: super::width_of_stderr(),
            coloured: super::stderr_is_coloured(),
        }
    }
}

impl<W: Write> Screen<W> {
    /// Writes a line of text. If the terminal is too narrow, the line is wrapped between words, and keeps its
    /// indent.
    pub(crate) fn line(&mut self, text: impl Display) -> io::Result<()> {
        self.hanging(0, text)
    }

    /// Like [`Self::line`]; if the line is wrapped, the following lines are indented this much further.
    pub(crate) fn hanging(&mut self, indent: usize, text: impl Display) -> io::Result<()> {
        let text = printable(&text.to_string());
        match self.width {
            Some(width) => {
                wrapped(&text, width, indent).iter().try_for_each(|line| self.put(line.trim_end()))
            }
            None => self.put(text.trim_end()),
        }
    }

    /// Writes a label, and beside it a text in its own column, which begins at `column`.
    pub(crate) fn labelled(&mut self, column: usize, label: &str, text: impl Display) -> io::Result<()> {
        let (label, text) = (printable(label), printable(&text.to_string()));
        let room = self.width.map_or(usize::MAX, |width| width.saturating_sub(column).max(1));
        let mut lines = wrapped(&text, room, 0).into_iter();
        self.put(format!("{label:column$}{}", lines.next().unwrap_or_default()).trim_end())?;
        lines.try_for_each(|line| self.put(&format!("{:column$}{line}", "")))
    }

    /// Writes a line that is never wrapped: a row of a table, or text to be copied.
    pub(crate) fn verbatim(&mut self, line: impl Display) -> io::Result<()> {
        self.put(&printable(&line.to_string()))
    }

    /// Writes lines that are never wrapped.
    pub(crate) fn lines(&mut self, text: &str) -> io::Result<()> {
        self.put(&with_lines(text))
    }

    /// Writes a line in bold, if colour is welcome.
    pub(crate) fn heading(&mut self, line: impl Display) -> io::Result<()> {
        let line = printable(&line.to_string());
        if self.coloured { self.put(&format!("\u{1b}[1m{line}\u{1b}[0m")) } else { self.put(&line) }
    }

    /// Writes help, with its own colours if they are welcome. It is already laid out.
    pub(crate) fn help(&mut self, text: &clap::builder::StyledStr) -> io::Result<()> {
        let text = if self.coloured {
            with_colours(&text.ansi().to_string())
        } else {
            with_lines(&text.to_string())
        };
        self.out.write_all(text.as_bytes())?;
        self.flush()
    }

    /// Flushes everything that was written.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }

    fn put(&mut self, line: &str) -> io::Result<()> {
        writeln!(self.out, "{line}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(coloured: bool, write: impl FnOnce(&mut Screen<Vec<u8>>) -> io::Result<()>) -> String {
        let mut screen = Screen { out: Vec::new(), width: Some(20), coloured };
        write(&mut screen).unwrap();
        String::from_utf8(screen.out).unwrap()
    }

    #[test]
    fn nothing_but_our_own_colours_reaches_a_terminal() {
        let hostile = "a\u{1b}[2J\u{9b}2J\nb\u{202e}c";
        let safe = r"a\u001b[2J\u009b2J b\u202ec";
        assert_eq!(shown(true, |screen| screen.verbatim(hostile)), format!("{safe}\n"));
        assert_eq!(shown(true, |screen| screen.heading(hostile)), format!("\u{1b}[1m{safe}\u{1b}[0m\n"));
        assert_eq!(shown(false, |screen| screen.heading(hostile)), format!("{safe}\n"));
        assert_eq!(shown(true, |screen| screen.line(hostile)), "a\\u001b[2J\\u009b2J\nb\\u202ec\n");
        assert_eq!(shown(true, |screen| screen.lines(hostile)), "a\\u001b[2J\\u009b2J\nb\\u202ec\n");
    }
}

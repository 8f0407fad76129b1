//! Events as lines of JSON.

use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::{Callback, Outcome};
use crate::triggers::Event;

/// Writes each event as one line of JSON, and flushes it before it is acknowledged.
///
/// A reader that has gone ends the watch.
pub struct Lines<W> {
    writer: Arc<Mutex<Torn<W>>>,
}

/// A writer, and whether its last line was cut off in the middle.
struct Torn<W> {
    writer: W,
    torn: bool,
}

impl Lines<io::Stdout> {
    /// To standard output.
    #[must_use]
    pub fn stdout() -> Self {
        Self::new(io::stdout())
    }
}

impl<W: Write + Send + 'static> Lines<W> {
    /// To a writer, which may block.
    pub fn new(writer: W) -> Self {
        Self { writer: Arc::new(Mutex::new(Torn { writer, torn: false })) }
    }
}

impl<W: Write> Torn<W> {
    fn write(&mut self, event: &Event) -> io::Result<()> {
        // What was cut off gets a line of its own, so that the whole line is one.
        let begin = if self.torn { "\n" } else { "" };
        let line = format!("{begin}{}\n", event.to_json());
        self.torn = true;
        self.writer.write_all(line.as_bytes())?;
        self.writer.flush()?;
        self.torn = false;
        Ok(())
    }
}

impl<W: Write + Send + 'static> Callback for Lines<W> {
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        let writer = Arc::clone(&self.writer);
        async move {
            let written = tokio::task::spawn_blocking(move || {
                writer.lock().unwrap_or_else(PoisonError::into_inner).write(&event)
            });
            match written.await {
                Ok(Ok(())) => Outcome::Acknowledged,
                Ok(Err(error)) if error.kind() == ErrorKind::BrokenPipe => Outcome::Closed,
                Ok(Err(error)) => Outcome::retry(format!("cannot write: {error}")),
                Err(error) => Outcome::retry(error.to_string()),
            }
        }
        .boxed()
    }
}

impl<W> std::fmt::Debug for Lines<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lines")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triggers::cloudevent::tests::event;

    /// A disk that is full after so many bytes, until it is emptied.
    #[derive(Clone, Default)]
    struct Disk(Arc<Mutex<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (written, room) = &mut *self.0.lock().unwrap();
            let fitting = bytes.len().min(*room - written.len());
            if fitting == 0 {
                return Err(io::Error::from(ErrorKind::StorageFull));
            }
            written.extend_from_slice(&bytes[..fitting]);
            Ok(fitting)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn a_line_that_was_cut_off_spoils_no_other() {
        let disk = Disk::default();
        disk.0.lock().unwrap().1 = 300;
        let lines = Lines::new(disk.clone());
        assert_eq!(lines.deliver(event("a")).await, Outcome::Acknowledged);
        assert!(matches!(lines.deliver(event("b")).await, Outcome::Retry { .. }));
        disk.0.lock().unwrap().1 = 10_000;
        assert_eq!(lines.deliver(event("b")).await, Outcome::Acknowledged);
        let text = String::from_utf8(disk.0.lock().unwrap().0.clone()).unwrap();
        let whole: Vec<String> = text
            .lines()
            .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
            .map(|event| event["id"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(whole, ["a", "b"], "{text}");
    }
}

//! Writes events as lines of JSON.

use std::io::{self, ErrorKind, Write};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::Mutex;

use super::{Callback, Outcome};
use crate::triggers::{Envelope, Event};

mod torn;

/// Writes each event as one line of JSON, and flushes the line before it acknowledges the event.
///
/// If the reader is gone, the watch ends. A reader that does not read blocks a single thread, however many
/// watches write.
pub struct Lines<W> {
    writer: Arc<Mutex<Torn<W>>>,
    envelope: Envelope,
}

/// A writer, and whether its last line was cut off in the middle.
struct Torn<W> {
    writer: W,
    torn: bool,
}

impl Lines<io::Stdout> {
    /// Writes to standard output. If that is a file that ends in the middle of a line, the first event starts
    /// a new line.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "events are data, and an embedder's standard output is its own"
    )]
    pub fn stdout() -> Self {
        Self::of(Torn { writer: io::stdout(), torn: torn::stdout_is_torn() })
    }
}

impl<W: Write + Send + 'static> Lines<W> {
    /// Writes to a writer, which may block.
    pub fn new(writer: W) -> Self {
        Self::of(Torn { writer, torn: false })
    }
}

impl<W> Lines<W> {
    fn of(writer: Torn<W>) -> Self {
        Self { writer: Arc::new(Mutex::new(writer)), envelope: Envelope::default() }
    }

    /// Sets what each event is wrapped in. The default is a CloudEvent.
    #[must_use]
    pub fn envelope(self, envelope: Envelope) -> Self {
        Self { envelope, ..self }
    }
}

impl<W: Write> Torn<W> {
    fn write(&mut self, event: &str) -> io::Result<()> {
        // End the line that was cut off, so that this event gets a line of its own.
        let begin = if self.torn { "\n" } else { "" };
        let line = format!("{begin}{event}\n");
        self.torn = true;
        self.writer.write_all(line.as_bytes())?;
        self.writer.flush()?;
        self.torn = false;
        Ok(())
    }
}

impl<W: Write + Send + 'static> Callback for Lines<W> {
    fn deliver(&self, event: Event) -> BoxFuture<'_, Outcome> {
        let (writer, event) = (Arc::clone(&self.writer), self.envelope.wrap(&event));
        async move {
            let mut writer = writer.lock_owned().await;
            let written = tokio::task::spawn_blocking(move || writer.write(&event));
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
    use std::sync::Mutex;

    use super::*;
    use crate::triggers::cloudevent::tests::event;

    /// A disk that is full after a number of bytes, until it is emptied.
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

    /// A pipe that nobody reads.
    struct Stuck(std::sync::mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_does_not_read_holds_up_one_thread() {
        let (reads, stuck) = std::sync::mpsc::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .max_blocking_threads(2)
            .build()
            .unwrap();
        runtime.block_on(async {
            let lines = Arc::new(Lines::new(Stuck(stuck)));
            let deliveries: Vec<_> = (0..4)
                .map(|_| {
                    let lines = Arc::clone(&lines);
                    tokio::spawn(async move { lines.deliver(event("a")).await })
                })
                .collect();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            tokio::task::spawn_blocking(|| ()).await.unwrap();
            drop(reads);
            for delivery in deliveries {
                assert_eq!(delivery.await.unwrap(), Outcome::Acknowledged);
            }
        });
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

//! Runs the store's work, on another thread if it may block.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// A piece of work.
type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs one after another, in the order in which they are given.
///
/// Work on a store in memory runs immediately. Other work goes to a thread, so that it neither blocks the
/// runtime nor depends on it: a permit may be dropped anywhere. When the worker is dropped, jobs already
/// given to it still run.
#[derive(Debug)]
pub(super) struct Worker {
    on_the_spot: bool,
    thread: OnceLock<Option<Thread>>,
}

#[derive(Debug)]
struct Thread {
    jobs: Sender<Job>,
    handle: JoinHandle<()>,
}

impl Worker {
    pub(super) fn new(on_the_spot: bool) -> Self {
        Self { on_the_spot, thread: OnceLock::new() }
    }

    /// Runs a job and waits for its result. Returns `None` if the job panicked.
    ///
    /// If the future is dropped, the job still runs, and its result is discarded.
    pub(super) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce() -> R + Send + 'static,
    ) -> Option<R> {
        if self.on_the_spot {
            return Some(work());
        }
        let (sender, receiver) = oneshot::channel();
        self.give(Box::new(move || drop(sender.send(work()))));
        receiver.await.ok()
    }

    /// Runs a job without waiting for it.
    pub(super) fn post(&self, work: impl FnOnce() + Send + 'static) {
        if self.on_the_spot { work() } else { self.give(Box::new(work)) }
    }

    fn give(&self, job: Job) {
        let rejected = match self.thread.get_or_init(Thread::begin) {
            Some(thread) => thread.jobs.send(job).err().map(|error| error.0),
            None => Some(job),
        };
        // Without a thread (the machine has none left, or a job has panicked) the job runs here and blocks.
        if let Some(job) = rejected {
            job();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if let Some(Thread { jobs, handle }) = self.thread.take().flatten() {
            drop(jobs);
            // A panicking job has already reported its panic.
            let _ = handle.join();
        }
    }
}

impl Thread {
    fn begin() -> Option<Self> {
        let (jobs, queue) = channel();
        let handle =
            std::thread::Builder::new().name("connector-quota".to_owned()).spawn(move || work(queue)).ok()?;
        Some(Self { jobs, handle })
    }
}

fn work(queue: Receiver<Job>) {
    for job in queue {
        job();
    }
}

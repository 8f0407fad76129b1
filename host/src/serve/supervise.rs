//! Runs a watch for as long as the server runs, restarting it whenever it ends.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;

use super::state::{Entry, State};
use super::{Observer, Report, asked};
use crate::triggers::{Ended, Watch, WatchError, words};

/// How long to wait before restarting a watch that ended.
const PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(
    name: Arc<str>,
    watch: Watch,
    entry: Option<Arc<Entry>>,
    observer: Arc<Observer>,
    mut stop: watch::Receiver<bool>,
) {
    let set = |state| {
        if let Some(entry) = &entry {
            entry.set(state);
        }
    };
    let mut known = None;
    loop {
        let mut told = stop.clone();
        let ended = watch.run_until(async move { asked(&mut told).await });
        let ended = match AssertUnwindSafe(ended).catch_unwind().await {
            Ok(ended) => ended,
            Err(panic) => {
                Err(WatchError::Panicked { watch: watch.name().into(), words: words(&*panic).into() })
            }
        };
        match ended {
            Ok(Ended::Asked) => return,
            Ok(Ended::Stopped(reason)) => set(State::Stopped(reason)),
            Ok(Ended::Closed) => {
                return set(State::Failing("its output was closed".into()));
            }
            Err(WatchError::Stopped { reason, .. }) => set(State::Stopped(reason)),
            Err(error) => {
                let message = error.to_string();
                // A repeated failure is reported only once, until the watch has run again.
                let ran = entry.as_ref().is_none_or(|entry| entry.ends());
                if ran || known.as_ref() != Some(&message) {
                    observer(&name, &Report::Ended(&error));
                    known = Some(message.clone());
                }
                set(State::Failing(message));
            }
        }
        // Meanwhile somebody may resume a stopped watch, or end another process that runs it.
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            () = asked(&mut stop) => return,
        }
    }
}

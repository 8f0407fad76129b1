//! Measures how long a watch really runs.
//!
//! Time during which its process is stopped or its machine asleep does not count as time spent trying to
//! deliver an event; nor does the difference when somebody sets the clock.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{Either, select};

use crate::clock::{Clock, Timestamp};

/// How often to check whether the process was stopped.
const TICK: Duration = Duration::from_secs(1);
/// How much longer than planned something may take before it counts as a pause, since a machine may be busy.
const SLACK: Duration = Duration::from_secs(2);
/// How many pauses are kept; older ones are merged.
const PAUSES: usize = 64;

/// The running time of a watch, and the time since which its deliveries fail.
#[derive(Debug)]
pub(super) struct RunTime {
    clock: Arc<dyn Clock>,
    /// The time since which every delivery has failed, moved forward by each pause since then; `None` if the
    /// last one succeeded.
    failing_since: Option<Timestamp>,
    /// The end and length of each pause.
    pauses: VecDeque<(Timestamp, Duration)>,
}

impl RunTime {
    pub(super) fn new(clock: Arc<dyn Clock>, failing_since: Option<Timestamp>) -> Self {
        Self { clock, failing_since, pauses: VecDeque::new() }
    }

    /// Records that a delivery failed. Returns the time since which every delivery has failed.
    pub(super) fn failing(&mut self) -> Timestamp {
        *self.failing_since.get_or_insert(self.clock.now())
    }

    /// Records that a delivery succeeded. Returns the time since which none had, if deliveries were failing.
    pub(super) fn recovered(&mut self) -> Option<Timestamp> {
        self.failing_since.take()
    }

    /// Returns for how long every delivery has failed, not counting pauses, because each of them moves the
    /// start forward.
    pub(super) fn failing_for(&self) -> Duration {
        self.failing_since.map_or(Duration::ZERO, |since| self.clock.now().since(since))
    }

    /// Returns for how much of the time since `time` the watch ran.
    pub(super) fn since(&self, time: Timestamp) -> Duration {
        let paused: Duration =
            self.pauses.iter().filter(|(ended, _)| *ended > time).map(|(_, pause)| *pause).sum();
        self.clock.now().since(time).saturating_sub(paused)
    }

    /// Does work that should take no longer than planned, by the watch's clock.
    pub(super) async fn wait<T>(&mut self, planned: Duration, work: impl Future<Output = T>) -> T {
        let before = self.clock.now();
        let (done, stopped) = stopped(work).await;
        self.note(before, planned, stopped);
        done
    }

    /// Does work of unknown length.
    pub(super) async fn attempt<T>(&mut self, work: impl Future<Output = T>) -> T {
        let (before, begun) = (self.clock.now(), Instant::now());
        let (done, stopped) = stopped(work).await;
        self.note(before, begun.elapsed(), stopped);
        done
    }

    /// Records a pause since `before`: time beyond what was planned, or during which the process was stopped.
    fn note(&mut self, before: Timestamp, planned: Duration, stopped: Duration) {
        let now = self.clock.now();
        if now < before {
            // The clock was set back, so the recorded times go back with it.
            let by = before.since(now);
            self.failing_since = self.failing_since.map(|since| since.saturating_sub(by));
            return;
        }
        let beyond = now.since(before).saturating_sub(planned);
        let pause = stopped.max(if beyond > SLACK { beyond } else { Duration::ZERO });
        if pause.is_zero() {
            return;
        }
        self.failing_since = self.failing_since.map(|since| since.saturating_add(pause).min(now));
        self.pauses.push_back((now, pause));
        if self.pauses.len() > PAUSES
            && let Some((_, oldest)) = self.pauses.pop_front()
            && let Some((_, next)) = self.pauses.front_mut()
        {
            *next += oldest;
        }
    }
}

/// Does a piece of work. Returns its result and for how long the process was stopped meanwhile.
async fn stopped<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let mut work = pin!(work);
    let mut stopped = Duration::ZERO;
    loop {
        let begun = Instant::now();
        let tick = pin!(tokio::time::sleep(TICK));
        let ended = select(work.as_mut(), tick).await;
        let beyond = begun.elapsed().saturating_sub(TICK);
        if beyond > SLACK {
            stopped += beyond;
        }
        if let Either::Left((done, _)) = ended {
            return (done, stopped);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::TestClock;

    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(86_400);

    #[tokio::test]
    async fn a_clock_that_jumps_forward_does_not_count() {
        let clock = Arc::new(TestClock::default());
        let begun = clock.now();
        let mut time = RunTime::new(clock.clone(), None);
        assert_eq!(time.failing(), begun);
        let turned = clock.clone();
        time.wait(MINUTE, async move { turned.advance(MINUTE) }).await;
        assert_eq!(time.since(begun), MINUTE);
        // Asleep for three days in the middle of a wait, and of an attempt.
        let turned = clock.clone();
        time.wait(MINUTE, async move { turned.advance(DAY * 3) }).await;
        assert_eq!((time.since(begun), time.failing_for()), (MINUTE * 2, MINUTE * 2));
        let (turned, found) = (clock.clone(), clock.now());
        time.attempt(async move { turned.advance(DAY * 3) }).await;
        assert!(time.since(begun) < MINUTE * 3, "{:?}", time.since(begun));
        assert!(time.since(found) < MINUTE, "{:?}", time.since(found));
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_takes_what_was_noted_with_it() {
        let clock = Arc::new(TestClock::new(Timestamp::from_micros(0).saturating_add(DAY * 400)));
        let mut time = RunTime::new(clock.clone(), None);
        time.failing();
        clock.advance(MINUTE);
        let turned = clock.clone();
        time.attempt(async move { turned.set(Timestamp::from_micros(0).saturating_add(DAY)) }).await;
        assert_eq!(time.failing_for(), MINUTE);
    }

    #[tokio::test]
    async fn old_pauses_are_put_together_and_none_is_forgotten() {
        let clock = Arc::new(TestClock::default());
        let mut time = RunTime::new(clock.clone(), None);
        let begun = time.failing();
        for _ in 0..PAUSES * 2 {
            let turned = clock.clone();
            time.wait(MINUTE, async move { turned.advance(DAY) }).await;
        }
        assert_eq!(time.pauses.len(), PAUSES);
        assert_eq!(time.since(begun), MINUTE * u32::try_from(PAUSES * 2).unwrap());
    }
}

//! The simulator's clock. It follows the wall clock until a test changes it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::moment::Moment;

/// A clock that runs and can be advanced, set or stopped.
///
/// It keeps two times. [`now`](Self::now) is the time that the API stamps and compares; it can be set to any
/// time. [`elapsed`](Self::elapsed) never goes back and never stops: it is the real time since the start plus
/// all advances. The call limits use it, so advancing by a minute frees a minute's quota.
#[derive(Debug)]
pub struct Clock {
    started: Instant,
    hands: Mutex<Hands>,
}

#[derive(Clone, Copy, Debug)]
struct Hands {
    /// Added to the wall clock, in ticks.
    offset: i64,
    /// The time that a stopped clock shows.
    stopped_at: Option<Moment>,
    /// The sum of all advances.
    advanced: Duration,
}

/// A change to the clock: the body of `POST /_simulator/clock`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum ClockChange {
    /// Moves the clock forward by this many milliseconds.
    AdvanceMilliseconds(u64),
    /// Sets the clock to this time. A running clock runs on from there.
    Set(Moment),
    /// Stops the clock at its current time.
    Stop,
    /// Lets a stopped clock run on.
    Run,
}

impl Clock {
    /// Creates a clock that shows the wall clock's time.
    pub fn new() -> Self {
        let hands = Hands { offset: 0, stopped_at: None, advanced: Duration::ZERO };
        Self { started: Instant::now(), hands: Mutex::new(hands) }
    }

    /// The current time of the simulator.
    pub fn now(&self) -> Moment {
        self.hands().shown()
    }

    /// The real time since the start plus all advances. It never decreases.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed().saturating_add(self.hands().advanced)
    }

    /// Real time since the start, on the machine's monotonic clock.
    pub fn real_elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: Duration) {
        let mut hands = self.hands();
        let target = hands.shown().after(span);
        hands.show(target);
        hands.advanced = hands.advanced.saturating_add(span);
    }

    /// Sets the clock to any time, past or future. This does not affect the call limits.
    pub fn set(&self, moment: Moment) {
        self.hands().show(moment);
    }

    /// Stops the clock; [`advance`](Self::advance) and [`set`](Self::set) still move it.
    pub fn stop(&self) {
        let mut hands = self.hands();
        hands.stopped_at = Some(hands.shown());
    }

    /// Lets a stopped clock run on.
    pub fn run(&self) {
        let mut hands = self.hands();
        if let Some(moment) = hands.stopped_at.take() {
            hands.show(moment);
        }
    }

    /// Carries out a change that an administrator requested.
    pub fn change(&self, change: ClockChange) {
        match change {
            ClockChange::AdvanceMilliseconds(milliseconds) => {
                self.advance(Duration::from_millis(milliseconds))
            }
            ClockChange::Set(moment) => self.set(moment),
            ClockChange::Stop => self.stop(),
            ClockChange::Run => self.run(),
        }
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl Hands {
    fn shown(&self) -> Moment {
        self.stopped_at
            .unwrap_or_else(|| Moment::from_ticks(Moment::system().ticks().saturating_add(self.offset)))
    }

    fn show(&mut self, moment: Moment) {
        match &mut self.stopped_at {
            Some(stopped) => *stopped = moment,
            None => self.offset = moment.ticks().saturating_sub(Moment::system().ticks()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_where_it_is_put() {
        let clock = Clock::new();
        clock.stop();
        let start = clock.now();
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().since(start), Duration::from_secs(90));
        assert!(clock.elapsed() >= Duration::from_secs(90));
        clock.set(start);
        assert_eq!(clock.now(), start);
        assert!(clock.elapsed() >= Duration::from_secs(90), "the growing time does not go back");
    }

    #[test]
    fn runs_on_from_where_it_stood() {
        let clock = Clock::new();
        let moment = Moment::parse("2030-01-01T00:00:00Z").unwrap();
        clock.stop();
        clock.set(moment);
        clock.run();
        assert!(clock.now() >= moment);
        assert!(clock.now().since(moment) < Duration::from_secs(60));
    }
}

//! Telling the time, and waiting for a time.
//!
//! Everything that depends on the time takes a [`Clock`], so that a test can control the time with
//! [`TestClock`].
//!
//! Times are wall-clock times, because they are stored for other processes on the same machine and for use
//! after a restart, where a monotonic clock is meaningless. The price is that somebody may set the clock;
//! whatever stores a [`Timestamp`] has to document what happens then.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures::FutureExt as _;
use futures::future::{BoxFuture, ready};
use tokio::sync::oneshot;

/// A source of the present time, which can also wait for a time.
pub trait Clock: Send + Sync + Debug {
    /// Returns the present time.
    fn now(&self) -> Timestamp;

    /// Waits until a time; completes at once if the time has passed.
    ///
    /// May complete early if the clock is set back in the meantime: a caller that needs to be sure checks
    /// [`Clock::now`] again.
    fn sleep_until(&self, time: Timestamp) -> BoxFuture<'static, ()>;
}

/// A time: microseconds since the Unix epoch. Arithmetic never wraps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest representable time.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest representable time, which stands for "never".
    pub const MAX: Self = Self(i64::MAX);

    /// Creates a time from microseconds since the Unix epoch.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Returns the microseconds since the Unix epoch.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Returns the time later by `duration`, or `None` if it cannot be represented.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let micros = i64::try_from(duration.as_micros()).ok()?;
        self.0.checked_add(micros).map(Self)
    }

    /// Returns the time later by `duration`, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// Returns the time earlier by `duration`, at least [`Timestamp::MIN`].
    #[must_use]
    pub fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// Returns how much later this is than `earlier`; zero if it is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        if self <= earlier { Duration::ZERO } else { Duration::from_micros(self.0.abs_diff(earlier.0)) }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

/// The machine's wall clock, which all its processes share.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl SystemClock {
    /// How long to sleep without checking the clock. Timers stand still while a machine is suspended, and
    /// nobody tells them when the clock is set.
    const NAP: Duration = Duration::from_secs(1);
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => Timestamp(micros(since)),
            Err(before) => Timestamp(-micros(before.duration())),
        }
    }

    /// Precise to about a millisecond, which is the resolution of the runtime's timer. A clock set forward ends
    /// the sleep within a second; one set back does not prolong it.
    ///
    /// # Panics
    /// If it is awaited outside a Tokio runtime with its timer enabled.
    fn sleep_until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        let begun = Instant::now();
        let planned = time.since(self.now());
        async move {
            loop {
                let by_clock = time.since(Self.now());
                let by_timer = planned.saturating_sub(begun.elapsed());
                let left = by_clock.min(by_timer);
                if left.is_zero() {
                    return;
                }
                tokio::time::sleep(left.min(Self::NAP)).await;
            }
        }
        .boxed()
    }
}

/// A clock that stands still until a test moves it.
///
/// ```
/// # use connector_host::clock::{Clock, TestClock, Timestamp};
/// # use std::time::Duration;
/// let clock = TestClock::new(Timestamp::from_micros(0));
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now(), Timestamp::from_micros(60_000_000));
/// ```
#[derive(Debug, Default)]
pub struct TestClock {
    state: Mutex<TestState>,
}

#[derive(Debug, Default)]
struct TestState {
    now: Timestamp,
    /// The sleepers by time, then by the order in which they fell asleep.
    sleepers: BTreeMap<(Timestamp, u64), oneshot::Sender<()>>,
    number: u64,
}

impl TestClock {
    /// Creates a clock that shows the given time.
    #[must_use]
    pub fn new(now: Timestamp) -> Self {
        Self { state: Mutex::new(TestState { now, ..TestState::default() }) }
    }

    /// Moves the clock forward by `by`, and wakes the sleepers whose time has come, the earliest first.
    pub fn advance(&self, by: Duration) {
        let target = self.now().saturating_add(by);
        self.set(target);
    }

    /// Sets the clock. Set forward, it wakes the sleepers whose time has come, the earliest first. Set back,
    /// it leaves each sleeper's remaining time unchanged, as the timers of [`SystemClock`] do.
    pub fn set(&self, now: Timestamp) {
        let mut state = self.lock();
        let back = state.now.since(now);
        state.now = now;
        if !back.is_zero() {
            let sleepers = std::mem::take(&mut state.sleepers);
            let moved = sleepers.into_iter().map(|((time, n), wake)| ((time.saturating_sub(back), n), wake));
            state.sleepers = moved.collect();
        }
        while let Some(first) = state.sleepers.first_entry()
            && first.key().0 <= now
        {
            // A sleeper that is gone needs no waking.
            let _ = first.remove().send(());
        }
    }

    /// Returns when the next sleeper wakes. A test that steps from one such time to the next misses none.
    #[must_use]
    pub fn next_wake(&self) -> Option<Timestamp> {
        let mut state = self.lock();
        state.sleepers.retain(|_, wake| !wake.is_closed());
        state.sleepers.keys().next().map(|(time, _)| *time)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, TestState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.lock().now
    }

    fn sleep_until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        let mut state = self.lock();
        if time <= state.now {
            return ready(()).boxed();
        }
        let (wake, woken) = oneshot::channel();
        state.number += 1;
        let number = state.number;
        state.sleepers.insert((time, number), wake);
        // The clock may be dropped before its sleepers: then there is nothing left to wait for.
        async move { woken.await.unwrap_or(()) }.boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn arithmetic_stops_at_the_ends() {
        assert_eq!(Timestamp::MAX.saturating_add(SECOND), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.saturating_sub(SECOND), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.checked_add(SECOND), None);
        assert_eq!(Timestamp::default().saturating_add(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(Timestamp::MAX.since(Timestamp::MIN), Duration::from_micros(u64::MAX));
        assert_eq!(Timestamp::from_micros(5).since(Timestamp::from_micros(3)), Duration::from_micros(2));
    }

    #[tokio::test]
    async fn a_test_clock_wakes_in_order() {
        let clock = TestClock::default();
        let mut late = clock.sleep_until(Timestamp::from_micros(2_000_000));
        let mut early = clock.sleep_until(Timestamp::from_micros(1_000_000));
        assert_eq!(clock.next_wake(), Some(Timestamp::from_micros(1_000_000)));
        assert!((&mut early).now_or_never().is_none());
        clock.advance(SECOND);
        assert!((&mut early).now_or_never().is_some());
        assert!((&mut late).now_or_never().is_none());
        clock.set(Timestamp::default());
        clock.advance(SECOND);
        assert!(late.now_or_never().is_some(), "set back, it leaves the rest of the sleep");
        assert!(clock.sleep_until(clock.now()).now_or_never().is_some());
    }

    #[tokio::test]
    async fn the_system_clock_wakes_on_time() {
        let until = SystemClock.now().saturating_add(Duration::from_millis(20));
        SystemClock.sleep_until(until).await;
        let late = SystemClock.now().since(until);
        assert!(late < SECOND, "{late:?} late");
    }
}

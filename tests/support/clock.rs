//! A clock for tests that are not about time.

use std::future::ready;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use connector_host::clock::{Clock, Timestamp};
use futures::future::{BoxFuture, FutureExt as _};

/// A clock that jumps to whatever time somebody waits for, so that nobody waits.
#[derive(Debug)]
pub(crate) struct LeapingClock {
    micros: AtomicI64,
}

impl LeapingClock {
    /// 1 January 2030: replies that name a date to come back at are written for it.
    const START: i64 = 1_893_456_000_000_000;

    /// The time that a call may take by this clock: others' waits make it jump.
    pub(crate) const PATIENCE: Duration = Duration::from_secs(100_000_000);
}

impl Default for LeapingClock {
    fn default() -> Self {
        Self { micros: AtomicI64::new(Self::START) }
    }
}

impl Clock for LeapingClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }

    fn sleep_until(&self, time: Timestamp) -> BoxFuture<'static, ()> {
        self.micros.fetch_max(time.as_micros(), Ordering::SeqCst);
        ready(()).boxed()
    }
}

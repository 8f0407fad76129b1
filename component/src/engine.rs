//! What the engine tells the component: the environment and the time.

use wasip2::cli::environment::get_environment;
use wasip2::clocks::wall_clock;

use crate::instant::Instant;
use crate::prelude::*;

/// The environment variables.
pub(crate) fn variables() -> Vec<(String, String)> {
    get_environment()
}

/// The time.
pub(crate) fn now() -> Instant {
    let now = wall_clock::now();
    Instant::since_1970(now.seconds, now.nanoseconds)
}

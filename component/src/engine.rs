//! What the component learns from the engine: the environment variables and the time.

use wasip2::cli::environment::get_environment;
use wasip2::clocks::wall_clock;

use crate::instant::Instant;
use crate::prelude::*;

/// The environment variables.
pub(crate) fn variables() -> Vec<(String, String)> {
    get_environment()
}

/// The current time.
pub(crate) fn now() -> Instant {
    let now = wall_clock::now();
    Instant::since_1970(now.seconds, now.nanoseconds)
}

//! How people write times: how long something takes, and from when on something counts. One reader for each, wherever a
//! person writes one.

mod duration;
mod since;

pub use duration::duration;
pub use since::{Since, SinceError};

//! Times as people write them: durations, and times from which something counts. All parts of the program
//! parse them here.

mod duration;
mod since;

pub use duration::duration;
pub use since::{Since, SinceError};

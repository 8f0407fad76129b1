//! The HTTP side: connections, one exchange, limits, faults and the log.

pub(crate) mod connection;
pub(crate) mod effect;
pub(crate) mod exchange;
pub(crate) mod faults;
pub(crate) mod limits;
pub(crate) mod log;
pub(crate) mod refusal;
pub(crate) mod reply;
mod spoil;

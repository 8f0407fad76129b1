//! The organisation's state. What moves by itself is stored as a course and shown as of a moment, so that nothing ticks
//! in the background and any clock setting gives one answer.

pub(crate) mod action_entity;
pub(crate) mod alert;
pub(crate) mod investigation;
pub(crate) mod live_response;
pub(crate) mod machine;
pub(crate) mod machine_action;
mod organisation;
pub(crate) mod remediation;
mod shelf;
pub(crate) mod statistics;

pub(crate) use organisation::{Event, Organisation};

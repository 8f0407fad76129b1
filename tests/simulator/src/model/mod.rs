//! The organisation's state. Anything that changes by itself is stored as a course and shown as of a given
//! time, so that nothing runs in the background and each setting of the clock gives one answer.

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

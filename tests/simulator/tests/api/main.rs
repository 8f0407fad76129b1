//! Drives a simulator over HTTP, as its users do.

#![allow(clippy::unwrap_used, reason = "a panic is how a test's helpers fail, too")]

mod administration;
mod alerts;
mod exchange;
mod faults;
mod hunting;
mod identity;
mod investigations;
mod lenient;
mod limits;
mod lists;
mod live_response;
mod machine_actions;
mod machines;
mod managed;
mod remediation;
mod sign_in;
mod statistics;
mod subscriptions;
mod support;

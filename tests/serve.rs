//! `connector serve` from outside: notifications are taken in and lost by no crash, and it tells how it stands.

mod load;
mod notifications;
mod standing;
mod subscriptions;
pub(crate) mod world;

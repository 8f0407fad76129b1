//! `connector serve` from outside: notifications are taken in and lost by no crash, and it tells how it stands.

mod leaving;
mod load;
mod notifications;
mod standing;
mod subscriptions;
mod trouble;
pub(crate) mod world;

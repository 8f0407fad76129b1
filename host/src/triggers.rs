//! Triggers: what happens at an API, brought to a callback, and lost by no crash.
//!
//! ```no_run
//! use connector_host::triggers::Event;
//! # use connector_host::Connection;
//!
//! # async fn example(connection: Connection) -> Result<(), Box<dyn std::error::Error>> {
//! let watch = connection
//!     .trigger("new-alerts")?
//!     .watch()
//!     .to(|event: Event| async move {
//!         println!("{} {}", event.id, event.data());
//!         Ok::<(), std::io::Error>(())
//!     })
//!     .build()?;
//! watch.run().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # The promise
//!
//! Each event that the connector finds reaches the callback **at least once**, with the same id each time; and of one
//! watch, in the order in which the events were found: the next one is not delivered before the one before it was
//! acknowledged or declared dead. Nothing is promised to happen exactly once, because nothing can be: a receiver that
//! must not act twice keeps the ids that it has seen.
//!
//! # Why it holds
//!
//! A poll's events and the checkpoint after them are stored in one transaction, which is on disk before anything else
//! happens; only then is an event delivered, and only when the callback has acknowledged it is it noted as delivered.
//! A crash before the transaction leaves the old checkpoint, so the next poll finds the same events; a crash after it
//! leaves the events in the store; a crash between a delivery and its note leads to one more delivery of that event.
//! One process at a time runs a watch: the store's [claim](crate::store::Store::claim) sees to it.
//!
//! A callback that fails is tried again, after waits that double from a second to five minutes, or as long as it asks.
//! An event that could not be delivered for three days is put aside as *dead*, where it can be looked at and replayed, and
//! the next event has its turn. Only time in which the watch runs counts. Events wait in the store and not in memory.
//!
//! Each watch has a task's worth of work of its own and shares nothing with others but the store and the connection's
//! quota, of which polls take no more than a share, so that actions always find the rest.

mod builder;
mod callback;
mod clerk;
mod cloudevent;
mod deliver;
mod envelope;
mod error;
mod fail;
mod ledger;
mod news;
mod pages;
mod poll;
mod polls;
mod runtime;
mod schedule;
mod signature;
mod stream;
mod subject;
mod trigger;
mod watch;
pub mod webhook;

pub use builder::WatchBuilder;
pub use callback::{
    Callback, CallbackError, Command, CommandBuilder, Http, HttpBuilder, Lines, Mode, Outcome,
};
pub use clerk::{Clerk, Overview};
pub use cloudevent::Event;
#[cfg(feature = "serve")]
pub(crate) use deliver::words;
pub use envelope::{Envelope, UnknownEnvelope};
pub use error::WatchError;
pub use news::News;
pub use signature::{SecretError, Signer};
pub use stream::{Delivery, Events};
pub use trigger::{Polled, Trigger, TriggerError};
pub use watch::{Drained, Ended, Watch};

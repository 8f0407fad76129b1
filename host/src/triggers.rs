//! Triggers: deliver what happens at an API to a callback, and lose nothing in a crash.
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
//! Each event that the connector finds reaches the callback **at least once**, with the same id each time.
//! Within one watch, events arrive in the order in which they were found: an event is not delivered until the
//! previous one was acknowledged or declared dead. Delivery exactly once is not promised, because it is
//! impossible: a receiver that must not act twice has to remember the ids that it has seen.
//!
//! # Why it holds
//!
//! A poll's events and the checkpoint after them are stored in one transaction, which is on disk before
//! anything else happens; only then is an event delivered, and it is recorded as delivered only once the
//! callback has acknowledged it. A crash before the transaction leaves the old checkpoint, so the next poll
//! finds the same events; a crash after it leaves the events in the store; a crash between a delivery and its
//! record leads to one more delivery of that event. Only one process at a time runs a watch; the store's
//! [claim](crate::store::Store::claim) enforces this.
//!
//! A callback that fails is retried after waits that double from one second to five minutes, or after the
//! wait that it asks for. An event that could not be delivered for three days is set aside as *dead*, where
//! it can be inspected and replayed, and the next event has its turn. Only time during which the watch runs
//! counts. Events wait in the store, not in memory.
//!
//! Each watch runs independently and shares only the store and the connection's quota with others. Polls may
//! take only a share of that quota, so that the rest is always left for actions.

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

//! Pushed triggers: deliver the notifications that an API sends us to a callback.
//!
//! The connector subscribes, reads notifications and unsubscribes; the host knows only the shapes of these
//! functions. An [`Inbox`] accepts notifications from any source; [`crate::serve`] has a server that receives
//! them over HTTP.
//!
//! Notifications are events of a separate watch, named after the trigger with the suffix `/pushed`, because
//! they contain less than the events that a poll finds. A notification is acknowledged to its sender only
//! once it is on disk.

mod gate;
mod inbox;
mod subscribe;
mod trigger;

pub use gate::Gate;
pub use inbox::{Inbox, InboxError, Taken};
pub use subscribe::SubscribeError;
pub use trigger::{PushTrigger, Pushed};

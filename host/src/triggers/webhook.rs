//! Pushed triggers: an API that was asked to notify us does so, and what it says reaches a callback.
//!
//! What a notification holds is the connector's to say: it subscribes, reads what arrives and unsubscribes. The host
//! knows no more than the shape of these functions. An [`Inbox`] takes notifications in, wherever they come from; a
//! server that receives them by HTTP is in [`crate::serve`].
//!
//! A notification is an event of a watch of its own, named after the trigger with `/pushed` behind it, since it says
//! less than what a poll finds. It is acknowledged to its sender once it is on disk, and not before.

mod gate;
mod inbox;
mod subscribe;
mod trigger;

pub use gate::Gate;
pub use inbox::{Inbox, InboxError, Taken};
pub use subscribe::SubscribeError;
pub use trigger::{PushTrigger, Pushed};

#![doc = include_str!("../README.md")]

mod additions;
mod admin;
mod api;
mod clock;
mod handle;
mod hunting;
mod identity;
mod lists;
mod model;
mod moment;
mod notifications;
mod odata;
mod options;
mod seed;
mod server;
mod simulation;
mod simulator;

pub use additions::{NewActivity, NewAlert, ReportedEvent};
pub use api::ALL_ROLES;
pub use clock::{Clock, ClockChange};
pub use handle::Handle;
pub use identity::{Consent, Federation, Key, KeySet, ManagedIdentity, Person, TrustedIssuer};
pub use model::machine::Behaviour;
pub use moment::{InvalidMoment, Moment};
pub use notifications::Delivery;
pub use options::{Options, Population, Settings};
pub use seed::names;
pub use server::effect::Effect;
pub use server::faults::{Fault, Faults};
pub use server::limits::{LimitMode, LimitOptions, Limits, RetryAfter, WindowReport, Wording};
pub use server::log::{Arrival, Completion, LogOptions};
pub use simulator::Simulator;

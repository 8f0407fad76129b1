//! A stand-in for the Microsoft Defender for Endpoint API and the token endpoint in front of it, on loopback.
//!
//! It answers every operation of the connector as the API is documented or was seen to answer, with a small seeded
//! organisation behind it, and it is strict: what the API would refuse is refused here. Tests drive it in process
//! through [`Simulator`], or from another process over HTTP under `/_simulator/`.
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use defender_simulator::{Effect, Fault, Options, Simulator};
//!
//! let simulator = Simulator::start(Options::default()).await?;
//! simulator.faults().add(Fault::new(Effect::Drop).on("IsolateMachine").times(1));
//! println!("{} {} {}", simulator.url(), simulator.tenant_id(), simulator.client_id());
//! simulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! The API side is no router of a web framework: raw paths and queries have to be seen undecoded, fixed segments match
//! whatever their letter case, an id is exactly one segment, and a connection must be free to break off or send bytes
//! that no framework would send. The administration is an ordinary `axum` router.

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
pub use identity::{Federation, Key, KeySet, ManagedIdentity, TrustedIssuer};
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

//! Runs workflow connectors, each one sandboxed WebAssembly component, and supplies what they need and must not have:
//! the credential, the call quota, retries, and the one door to the network.
//!
//! Load a connector, connect it, call its actions:
//!
//! ```no_run
//! use connector_host::{Host, Profile, Trust};
//! use serde_json::json;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Host::builder().build()?;
//! let connector = host.load_file("connector.wasm")?;
//! let profile = Profile::builder()
//!     .tenant("contoso.com")
//!     .client_secret_variable("6e74172b-be56-4843-9ff4-e66a39bb12e3", "CLIENT_SECRET")
//!     .trust(Trust::Connector) // it says where the secret goes: know whose file it is
//!     .build(connector.manifest())?;
//! let connection = host.connect(&connector, profile)?;
//!
//! let alerts = connection.call("list-alerts", json!({ "$filter": "severity eq 'High'", "$top": 5 })).await?;
//! println!("{}", alerts.json());
//! # Ok(())
//! # }
//! ```
//!
//! Nothing here knows any one connector: actions, parameters and results come from the component's own types, and
//! titles, keys, effects, permissions and limits from its [`Manifest`].
//!
//! [The manual](manual) says how to use the library and the program `connector`.

mod call;
pub mod clock;
pub mod config;
mod connection;
mod connector;
mod door;
pub mod egress;
mod engine;
mod failure;
mod handler;
mod host;
mod instance;
mod login;
pub mod manifest;
pub mod manual;
mod names;
pub mod permissions;
mod program;
pub mod proxy;
mod regular;
mod remedy;
mod schema;
#[cfg(feature = "serve")]
pub mod serve;
mod similar;
pub mod store;
pub mod times;
pub mod triggers;
mod value;
pub mod vault;

pub use call::{CallError, Connection, DEFAULT_DEADLINE, Pages, Reply, Resolution, Resolved};
pub use connection::{
    Application, Auth, AzureCliProfile, CertificateProfile, ManagedIdentityProfile, Profile, ProfileBuilder,
    ProfileError, Proposal, Redirect, RedirectError, SigningAlgorithm, Trust, WorkloadIdentityProfile,
};
pub use connector::{Connector, Function, LoadError};
pub use egress::credential::{Prompt, SignedIn};
pub use failure::{Failure, FailureCase};
pub use host::{Host, HostBuilder, HostError};
pub use manifest::Manifest;
pub use names::{NAME_PREFIX, NameError};
pub use remedy::Remedy;
pub use schema::{ActionSchema, EventSchema};
pub use value::{InputError, InputProblem, OutputError, Parameter, Shape, Signature};

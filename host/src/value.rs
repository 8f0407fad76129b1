//! JSON to component values and back, directed by the component's own types.
//!
//! A [`Signature`] is worked out once, when a connector is loaded: the component says which types there are, the
//! manifest which JSON keys and titles they have. A call then walks that plan, and looks nothing up by name.

mod border;
mod depth;
mod escape;
mod input;
mod layout;
mod lower;
mod output;
mod plan;
mod shape;
mod text;
mod words;

pub(crate) use border::Returned;
pub use input::{InputError, InputProblem};
pub use output::OutputError;
pub(crate) use shape::{Integer, RecordField, Spelling};
pub use shape::{Parameter, Shape, Signature};

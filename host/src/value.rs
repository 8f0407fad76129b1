//! JSON to component values and back, directed by the component's own types.
//!
//! A [`Signature`] is worked out once, when a connector is loaded: the component says which types there are, the
//! manifest which JSON keys and titles they have. A call then walks that plan, and looks nothing up by name.

mod input;
mod output;
mod shape;
mod text;

pub use input::{InputError, InputProblem};
pub use output::OutputError;
pub(crate) use shape::RecordField;
pub use shape::{Parameter, Shape, Signature};

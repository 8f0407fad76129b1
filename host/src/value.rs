//! Converts JSON to component values and back, as the component's own types direct.
//!
//! A [`Signature`] is worked out once, when a connector is loaded: the component supplies the types, and the
//! manifest their JSON keys and titles. A call then walks that plan, and looks nothing up by name.

mod border;
mod depth;
mod escape;
mod input;
mod layout;
mod lower;
mod output;
mod plan;
mod readable;
mod shape;
mod text;
mod words;

pub(crate) use border::Returned;
pub use input::{InputError, InputProblem};
pub use output::OutputError;
pub(crate) use shape::{Integer, RecordField, Spelling};
pub use shape::{Parameter, Shape, Signature};

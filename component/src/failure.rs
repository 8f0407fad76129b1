//! The contract's failures, and how this component builds them.

pub(crate) use crate::bindings::exports::workflow::connector::connector_types::{
    Failure, InvalidInput, MissingPermission, Problem, Throttling,
};
use crate::prelude::*;

/// A problem that did not come from a reply of the API.
pub(crate) fn problem(message: impl Into<String>) -> Problem {
    Problem { message: message.into(), code: None, target: None, status: None }
}

/// The failure for a parameter that cannot be sent. `parameter` is its name in the contract, and `what` says
/// what is wrong with it.
pub(crate) fn invalid(parameter: &str, what: impl AsRef<str>) -> Failure {
    let message = [parameter, " ", what.as_ref()].concat();
    let parameter = Some(parameter.to_owned());
    Failure::PermanentInvalidInput(InvalidInput { parameter, problem: problem(message) })
}

/// The failure for input that is wrong without any single parameter to blame.
pub(crate) fn invalid_together(message: impl Into<String>) -> Failure {
    Failure::PermanentInvalidInput(InvalidInput { parameter: None, problem: problem(message) })
}

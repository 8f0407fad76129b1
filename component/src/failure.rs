//! The failures of the contract, as this component makes them.

pub(crate) use crate::bindings::exports::workflow::connector::connector_types::{
    Failure, InvalidInput, MissingPermission, Problem, Throttling,
};
use crate::prelude::*;

/// A problem that no reply of the API tells of.
pub(crate) fn problem(message: impl Into<String>) -> Problem {
    Problem { message: message.into(), code: None, target: None, status: None }
}

/// A parameter that is not sent as it is. `parameter` is its name in the contract, of which `what` is said.
pub(crate) fn invalid(parameter: &str, what: impl AsRef<str>) -> Failure {
    let message = [parameter, " ", what.as_ref()].concat();
    let parameter = Some(parameter.to_owned());
    Failure::PermanentInvalidInput(InvalidInput { parameter, problem: problem(message) })
}

/// An input for which no one parameter is to blame.
pub(crate) fn invalid_together(message: impl Into<String>) -> Failure {
    Failure::PermanentInvalidInput(InvalidInput { parameter: None, problem: problem(message) })
}

//! `connector schema`: the input and output of an action, or the events of a trigger, as JSON Schema.

use connector_host::Connector;
use serde_json::{Value, json};

use crate::cli::{Globals, SchemaPart};
use crate::error::CliError;
use crate::{output, setup};

pub(crate) fn run(globals: &Globals, name: &str, part: Option<SchemaPart>) -> Result<(), CliError> {
    let connector = setup::connector(globals)?;
    let schemas = schemas(&connector, name)?;
    let Some(part) = part else {
        return output::document(&schemas);
    };
    match schemas.get(part.key()) {
        Some(schema) => output::document(schema),
        None => {
            let parts: Vec<&str> = schemas.as_object().into_iter().flatten().map(|(key, _)| &**key).collect();
            Err(CliError::usage(
                format!("`{name}` has no schema `{}`", part.key()),
                format!("its schemas are: {}", parts.join(", ")),
            ))
        }
    }
}

/// The schemas of the action or trigger with this name, by key.
pub(super) fn schemas(connector: &Connector, name: &str) -> Result<Value, CliError> {
    match connector.event_schema(name) {
        Ok(schema) => Ok(json!(schema)),
        // If it is not a trigger, it is an action or unknown.
        Err(_) => Ok(json!(connector.schema(name)?)),
    }
}

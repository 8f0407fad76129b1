//! What flags and `--input` say, as JSON for the action.

use std::io::Read;

use clap::ArgMatches;
use connector_host::{Function, Parameter, Shape};
use serde_json::{Map, Value};

use super::flags::{INPUT, inner};
use super::strict;
use crate::error::CliError;
use crate::setup;

/// The input that flags and `--input` make together.
pub(super) fn read(function: &Function, matches: &ArgMatches) -> Result<Map<String, Value>, CliError> {
    let mut input = match matches.get_one::<String>(INPUT) {
        Some(text) => document(text)?,
        None => Map::new(),
    };
    for parameter in function.signature.parameters() {
        let Some(values) = matches.get_many::<String>(&parameter.name) else {
            continue;
        };
        if input.keys().any(|key| means(function, key, parameter)) {
            return Err(CliError::usage(
                format!("`{}` is given both as a flag and in --input", parameter.name),
                "give it once",
            ));
        }
        let values: Vec<&String> = values.collect();
        input.insert(parameter.name.to_string(), given(&function.action.name, parameter, &values)?);
    }
    Ok(input)
}

fn means(function: &Function, key: &str, parameter: &Parameter) -> bool {
    function.signature.meant_by(key).is_some_and(|meant| std::ptr::eq(meant, parameter))
}

fn document(text: &str) -> Result<Map<String, Value>, CliError> {
    let (name, text) = match text.strip_prefix('@') {
        Some(path) => (path.to_owned(), setup::read_text(path)?),
        None if text == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| {
                CliError::usage(format!("cannot read standard input: {error}"), "give UTF-8 text")
            })?;
            ("standard input".to_owned(), text)
        }
        None => ("--input".to_owned(), text.to_owned()),
    };
    let hint = r#"give an object such as '{"Machine ID": "…"}'; `@file` reads a file"#;
    match strict::parse(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(CliError::usage(format!("{name} is JSON, but not an object"), hint)),
        // Of JSON that is well-formed, but says something twice.
        Err(error) if error.is_data() => Err(CliError::usage(format!("{name}: {error}"), "give it once")),
        Err(error) => Err(CliError::usage(format!("{name} is not JSON: {error}"), hint)),
    }
}

/// What a flag says, as JSON of the type that the parameter has.
fn given(action: &str, parameter: &Parameter, values: &[&String]) -> Result<Value, CliError> {
    match inner(&parameter.shape) {
        Shape::List(item) => {
            let mut items = Vec::new();
            for text in values {
                match value(action, parameter, item, text)? {
                    Value::Array(several) if !matches!(**item, Shape::List(_)) => items.extend(several),
                    one => items.push(one),
                }
            }
            Ok(Value::Array(items))
        }
        shape => values.last().map_or(Ok(Value::Null), |text| value(action, parameter, shape, text)),
    }
}

fn value(action: &str, parameter: &Parameter, shape: &Shape, text: &str) -> Result<Value, CliError> {
    Ok(match inner(shape) {
        Shape::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        Shape::Float { .. } => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        Shape::Record(_)
        | Shape::Json
        | Shape::Variant(_)
        | Shape::Tuple(_)
        | Shape::Flags(_)
        | Shape::List(_) => strict::parse(text).map_err(|error| {
            CliError::usage(
                format!("--{} is not JSON: {error}", parameter.name),
                format!("`connector describe {action}` shows an example"),
            )
        })?,
        _ => Value::from(text),
    })
}

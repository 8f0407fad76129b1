//! Converts flags and `--input` to JSON for the action.

use clap::ArgMatches;
use connector_host::{CallError, Function, InputError, InputProblem, Parameter, Shape};
use serde_json::{Map, Value};

use super::flags::{INPUT, inner};
use super::strict;
use crate::argument::{self, Argument};
use crate::error::CliError;

/// Returns the input that flags and `--input` make together.
pub(super) fn read(function: &Function, matches: &ArgMatches) -> Result<Map<String, Value>, CliError> {
    let mut input = match matches.get_one::<String>(INPUT) {
        Some(text) => document(function, text)?,
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

fn document(function: &Function, written: &str) -> Result<Map<String, Value>, CliError> {
    let Argument { text, source } =
        if written == "-" { argument::standard_input()? } else { argument::read(written)? };
    let name = source.unwrap_or_else(|| "--input".to_owned());
    let hint = r#"give an object such as '{"Machine ID": "…"}'; `@file` reads a file"#;
    match strict::parse(&text) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(CliError::usage(format!("{name} is JSON, but not an object"), hint)),
        Err(error) if strict::is_about_empty_keys(&error) => {
            let error = InputError { parameter: String::new(), name: None, problem: InputProblem::EmptyKey };
            Err(CliError::call(
                CallError::Input { action: function.action.name.clone(), error: error.into() },
                function,
            ))
        }
        // The JSON is well-formed, but a key is repeated.
        Err(error) if error.is_data() => Err(CliError::usage(format!("{name}: {error}"), "give it once")),
        Err(error) => Err(CliError::usage(format!("{name} is not JSON: {error}"), hint)),
    }
}

/// Converts the value of a flag to JSON of the parameter's type.
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
    let text = argument::read(text)?.text;
    Ok(match inner(shape) {
        Shape::Bool => match &*text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        Shape::Float { .. } => serde_json::from_str(&text).unwrap_or_else(|_| Value::from(text)),
        Shape::Record(_)
        | Shape::Json
        | Shape::Variant(_)
        | Shape::Tuple(_)
        | Shape::Flags(_)
        | Shape::List(_) => strict::parse(&text).map_err(|error| {
            CliError::usage(
                format!("--{} is not JSON: {error}", parameter.name),
                format!("`connector describe {action}` shows an example"),
            )
        })?,
        _ => Value::from(text),
    })
}

//! A command line that calls an action with its required parameters, in a form that a shell and the action
//! accept.

use connector_host::{Function, Parameter, Shape};
use serde_json::{Value, json};

/// The command line.
pub(super) fn of(function: &Function) -> String {
    let required = function.signature.parameters().filter(|parameter| parameter.required());
    let flags: Vec<String> = required.map(flag).collect();
    format!("connector call {} {}", function.action.name, flags.join(" ")).trim_end().to_owned()
}

fn flag(parameter: &Parameter) -> String {
    let title = parameter.title.to_lowercase();
    let value = match &parameter.shape {
        Shape::Enum(cases) => cases.first().map_or_else(String::new, |case| case.name.to_string()),
        Shape::Bool => return format!("--{}", parameter.name),
        Shape::Integer(_) | Shape::Float { .. } => "0".into(),
        Shape::String | Shape::Char => quoted(&title),
        shape => quoted(&value(shape, &title).to_string()),
    };
    format!("--{} {value}", parameter.name)
}

/// Returns a value of a type, optional parts included: an example shows what exists. `name` stands for text.
fn value(shape: &Shape, name: &str) -> Value {
    match shape {
        Shape::Option(inner) => value(inner, name),
        Shape::List(item) => json!([value(item, name)]),
        Shape::Record(fields) => {
            let values = fields
                .iter()
                .map(|field| (field.spelling.key.to_string(), value(&field.shape, &field.spelling.key)));
            Value::Object(values.collect())
        }
        Shape::Tuple(items) => items.iter().map(|item| value(item, name)).collect(),
        Shape::Enum(cases) => cases.first().map(|case| case.key.to_string()).into(),
        Shape::Variant(cases) => match cases.first() {
            Some((case, Some(payload))) => json!({ &*case.key: value(payload, name) }),
            Some((case, None)) => Value::from(&*case.key),
            None => Value::Null,
        },
        Shape::Bool => json!(true),
        Shape::Integer(_) | Shape::Float { .. } => json!(0),
        Shape::Flags(_) => json!([]),
        Shape::String | Shape::Char | Shape::Json | Shape::Opaque(_) => Value::from(name),
    }
}

/// Quotes text as one word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

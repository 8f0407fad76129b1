//! The types of actions' inputs and results, and of trigger events, as [JSON Schema 2020-12].
//!
//! A schema is made from the component's own types, which say what is possible, and from the manifest, which
//! says what it means. It stands alone: it has no `$ref`, so that engines and language models can use it as
//! it is.
//!
//! [JSON Schema 2020-12]: https://json-schema.org/draft/2020-12/schema

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::call::CallError;
use crate::connector::{Connector, Function};
use crate::manifest::{Action, Field, Status};
use crate::triggers::TriggerError;
use crate::value::{Parameter, Shape};

mod types;

use types::{Direction, Types};

/// The dialect of JSON Schema.
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The JSON Schemas of an action.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ActionSchema {
    /// The schema of the input of [`Connection::call`](crate::Connection::call), with the published
    /// connector's keys.
    ///
    /// The host accepts everything that the schema accepts. It also accepts other spellings: a parameter by
    /// its name in the contract or in camelCase, `null` for an optional value, and an integer as text.
    pub input: Value,
    /// The schema of the result. Fields that a later version of the connector adds do not violate it.
    pub output: Value,
}

/// The JSON Schemas of a trigger's events: of the data that a callback receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct EventSchema {
    /// The schema of polled events, if the trigger polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poll: Option<Value>,
    /// The schema of events that the API pushes, which may have fewer fields, if the trigger subscribes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub push: Option<Value>,
}

impl Connector {
    /// Returns the JSON Schemas of an action's input and output.
    ///
    /// ```no_run
    /// # fn example(connector: &connector_host::Connector) -> Result<(), connector_host::CallError> {
    /// let schema = connector.schema("isolate-machine")?;
    /// println!("{:#}", schema.input);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CallError::UnknownAction`], with the name that was probably meant.
    pub fn schema(&self, action: &str) -> Result<ActionSchema, CallError> {
        let function = self.find(action)?;
        Ok(ActionSchema { input: self.input_schema(function), output: self.output_schema(function) })
    }

    /// Returns the JSON Schemas of the data of a trigger's events.
    ///
    /// # Errors
    /// The connector has no such trigger.
    pub fn event_schema(&self, trigger: &str) -> Result<EventSchema, TriggerError> {
        let polled = self.triggers().into_iter().find(|polled| polled.name == trigger);
        let pushed = self.pushed_triggers().into_iter().find(|pushed| pushed.name == trigger);
        if polled.is_none() && pushed.is_none() {
            let polled = self.triggers().into_iter().map(|polled| polled.name);
            let pushed = self.pushed_triggers().into_iter().map(|pushed| pushed.name);
            return Err(TriggerError::new("has events", trigger, polled.chain(pushed).collect()));
        }
        let function = |name: &str| self.functions().find(|function| function.action.name == name);
        Ok(EventSchema {
            poll: polled.and_then(|polled| self.polled_schema(function(&polled.function)?)),
            push: pushed.and_then(|pushed| self.pushed_schema(function(pushed.parse_function())?)),
        })
    }

    fn input_schema(&self, function: &Function) -> Value {
        let action = &function.action;
        let types = Types { manifest: self.manifest(), direction: Direction::Input };
        let parameters = || function.signature.parameters();
        let properties: Map<String, Value> = parameters()
            .map(|parameter| {
                let field = self.field_of(action, parameter);
                let type_name = field.map_or("", |field| &field.type_name);
                let schema =
                    types.described(&parameter.shape, type_name, &parameter.title, &parameter.description);
                (parameter.key.to_string(), schema)
            })
            .collect();
        let required: Vec<&str> =
            parameters().filter(|parameter| parameter.required()).map(|parameter| &*parameter.key).collect();
        let mut schema = root(&action.title, &about(action));
        if action.status == Status::Deprecated {
            schema.insert("deprecated".into(), true.into());
        }
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), properties.into());
        schema.insert("required".into(), required.into());
        schema.insert("additionalProperties".into(), false.into());
        schema.into()
    }

    fn output_schema(&self, function: &Function) -> Value {
        let returns = &function.action.returns;
        let types = Types { manifest: self.manifest(), direction: Direction::Output };
        let result = function.signature.result();
        let title = returns.title.as_deref().unwrap_or_default();
        let about = returns.description.as_deref().unwrap_or_default();
        let mut schema = root(title, types.summary(&returns.type_name).unwrap_or(about));
        match result {
            Shape::Record(_) => schema.extend(types.object(result, &returns.type_name)),
            _ => {
                // A value that is not a record stands under a key of its own.
                let key = returns.key.as_deref().unwrap_or("value");
                let value = types.described(result, &returns.type_name, title, about);
                schema.insert("type".into(), "object".into());
                schema.insert("properties".into(), json!({ key: value }));
                schema.insert("required".into(), json!([key]));
            }
        }
        schema.into()
    }

    /// The manifest's entry for a parameter: its own, or that of a field of a record whose fields are
    /// parameters.
    fn field_of<'a>(&'a self, action: &'a Action, parameter: &Parameter) -> Option<&'a Field> {
        let named = |field: &&Field| *field.name == *parameter.name;
        let inline = action.parameters.iter().filter(|field| field.inline);
        let parts = inline.flat_map(|field| self.manifest().record(&field.type_name).unwrap_or_default());
        action.parameters.iter().filter(|field| !field.inline).chain(parts).find(named)
    }

    /// Returns the schema of the field `data` of the events that a poll returns.
    fn polled_schema(&self, poll: &Function) -> Option<Value> {
        let batch = part(poll.signature.result(), "events")?;
        let Shape::List(event) = batch else { return None };
        let data = part(event, "data")?;
        let field = |record: &str, name: &str| {
            self.manifest().record(record)?.iter().find(|field| field.name == name).cloned()
        };
        let events = field(&poll.action.returns.type_name, "events").unwrap_or_default();
        let event_type = events.type_name.strip_prefix("array of ").unwrap_or_default();
        Some(self.data_schema(data, &field(event_type, "data").unwrap_or_default().type_name, &poll.action))
    }

    /// Returns the schema of the items that the function for reading a notification returns.
    fn pushed_schema(&self, parse: &Function) -> Option<Value> {
        let Shape::List(notification) = parse.signature.result() else { return None };
        let type_name = parse.action.returns.type_name.strip_prefix("array of ").unwrap_or_default();
        Some(self.data_schema(notification, type_name, &parse.action))
    }

    fn data_schema(&self, data: &Shape, type_name: &str, action: &Action) -> Value {
        let types = Types { manifest: self.manifest(), direction: Direction::Output };
        let mut schema = root(&action.title, types.summary(type_name).unwrap_or(&action.summary));
        schema.extend(types.plain(data, type_name));
        schema.into()
    }
}

/// Begins a schema that stands alone.
fn root(title: &str, description: &str) -> Map<String, Value> {
    let mut schema = Map::new();
    schema.insert("$schema".into(), DIALECT.into());
    types::label(&mut schema, title, description);
    schema
}

fn about(action: &Action) -> String {
    [action.summary.as_str(), action.description.as_str()].join("\n\n").trim().to_owned()
}

/// Returns the type of a record's field.
fn part<'a>(shape: &'a Shape, name: &str) -> Option<&'a Shape> {
    let Shape::Record(fields) = shape else { return None };
    fields.iter().find(|field| &*field.spelling.name == name).map(|field| &field.shape)
}

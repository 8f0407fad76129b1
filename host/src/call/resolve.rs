//! Ids by name: where an action takes an id, a caller may give the thing's name. The manifest says for which
//! parameters, and which action finds the id ([`Lookup`]).

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

use super::{CallError, Connection, object};
use crate::connector::Function;
use crate::manifest::Lookup;
use crate::names::{Entry, NAME_PREFIX, Name, NameError, only};
use crate::value::Shape;

/// The input of an action, with ids in place of names.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Resolved {
    /// The input, ready for [`Connection::call`].
    pub input: Value,
    /// The names that were looked up, in the order of the parameters.
    pub resolutions: Vec<Resolution>,
}

/// A name that was replaced by an id.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resolution {
    /// The parameter, by the published connector's key.
    pub parameter: String,
    /// The full name of the thing that was found.
    pub name: String,
    /// Its id.
    pub id: String,
}

impl Connection {
    /// Replaces names in the input of an action with ids: a parameter for which the manifest has a
    /// [`Lookup`](crate::manifest::Lookup) may be given as [`NAME_PREFIX`] and a name. Names are compared
    /// without regard to case; a name without a dot also matches the first label of a longer one. If the
    /// input has no such name, nothing is requested and the input is returned unchanged.
    ///
    /// Each look-up is a call of the action that the manifest names, and counts against the connection's
    /// quota and `time`.
    ///
    /// # Errors
    /// The connector has no such action, the input is not an object, the look-up failed, or the name does not
    /// belong to exactly one thing ([`CallError::Name`]).
    pub async fn resolve(&self, time: Duration, action: &str, input: Value) -> Result<Resolved, CallError> {
        let start = Instant::now();
        let function = self.connector().find(action)?;
        let mut input = object(action, input)?;
        let mut resolutions = Vec::new();
        for (parameter, lookup) in function
            .signature
            .parameters()
            .filter_map(|parameter| parameter.lookup.as_deref().map(|lookup| (parameter, lookup)))
        {
            let given = input.iter_mut().find_map(|(key, value)| {
                let name = value.as_str()?.strip_prefix(NAME_PREFIX)?.to_owned();
                let meant = function.signature.meant_by(key)?;
                std::ptr::eq(meant, parameter).then_some((value, name))
            });
            let Some((value, name)) = given else { continue };
            let time_left = time.saturating_sub(start.elapsed());
            let entry = match Name::parse(&name) {
                Ok(name) => self.find(time_left, lookup, &name).await?,
                Err(error) => Err(error),
            };
            let entry = entry.map_err(|error| CallError::Name {
                action: action.to_owned(),
                parameter: parameter.key.to_string(),
                error: Box::new(error),
            })?;
            *value = Value::from(entry.id.as_str());
            resolutions.push(Resolution {
                parameter: parameter.key.to_string(),
                name: entry.name,
                id: entry.id,
            });
        }
        Ok(Resolved { input: Value::Object(input), resolutions })
    }

    /// Finds the one entry that has the name.
    async fn find(
        &self,
        time: Duration,
        lookup: &Lookup,
        name: &Name,
    ) -> Result<Result<Entry, NameError>, CallError> {
        let read = self.connector().find(&lookup.action)?;
        let input: Map<String, Value> =
            lookup.input_for(name.as_str()).into_iter().map(|(key, text)| (key, Value::from(text))).collect();
        let reply = self.call_within(time, &lookup.action, Value::Object(input)).await;
        let reply = reply.map_err(|error| of_lookup(&error, lookup, name))?;
        if reply.next_link().is_some() {
            let (action, name) = (lookup.action.clone(), name.as_str().to_owned());
            return Ok(Err(NameError::TooMany { action, name }));
        }
        Ok(only(&entries(read, &reply.value()), lookup, name))
    }
}

/// The items of a page.
fn entries(read: &Function, page: &Value) -> Vec<Value> {
    let items = read.action.paging.as_ref().map(|paging| paging.items.as_str());
    let Shape::Record(fields) = read.signature.result() else { return Vec::new() };
    let field = fields.iter().find(|field| Some(&*field.spelling.name) == items);
    field.and_then(|field| page.get(&*field.spelling.key)?.as_array()).cloned().unwrap_or_default()
}

/// Adds to the error of a look-up what was looked up.
fn of_lookup(error: &CallError, lookup: &Lookup, name: &Name) -> CallError {
    let mut failure = error.failure();
    failure.message = format!("looking up `{}` by {}: {}", name.as_str(), lookup.action, failure.message);
    CallError::Failed(Box::new(failure))
}

//! Calls: JSON in, one sandboxed instance, JSON out.

mod pages;
mod resolve;

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::connection::Profile;
use crate::connector::{Connector, Function};
use crate::door::Door;
use crate::egress::{Egress, Purpose};
use crate::failure::{Failure, FailureCase};
use crate::instance;
use crate::manifest::Limit;
use crate::names::NameError;
use crate::remedy::Remedy;
use crate::store::Store;
use crate::value::{InputError, OutputError};
pub use pages::Pages;
pub use resolve::{Resolution, Resolved};

/// How long a call may take by default, including waits for the quota.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(300);

/// The name under which the requests of all polls are counted together.
const POLLS: &str = "polls";

/// A connector connected to an address, with a credential and a quota. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connection {
    connector: Connector,
    profile: Arc<Profile>,
    egress: Arc<Egress>,
    clock: Arc<dyn Clock>,
    store: Arc<dyn Store>,
    environment: Arc<[(String, String)]>,
}

/// What an action returned: one JSON document, with the published connector's keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    json: String,
    next: Option<String>,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The connector has no such action.
    #[error("the connector has no action `{name}`")]
    UnknownAction {
        /// The name that was given.
        name: String,
        /// The action that was probably meant.
        similar: Option<String>,
    },
    /// The input is not a JSON object.
    #[error("the input of `{action}` is {found}, not a JSON object")]
    NotAnObject {
        /// The action's name.
        action: String,
        /// What the input is instead, such as `a string`.
        found: &'static str,
    },
    /// A parameter is unknown, missing or of the wrong type. Nothing was run.
    #[error("{action}: {error}")]
    Input {
        /// The action's name.
        action: String,
        /// The parameter, and what is wrong with it.
        error: Box<InputError>,
    },
    /// A name in place of an id does not lead to an id. Nothing was changed.
    #[error("{action}: {parameter}: {error}")]
    Name {
        /// The action's name.
        action: String,
        /// The parameter, by the published connector's key.
        parameter: String,
        /// Why the name does not lead to an id.
        error: Box<NameError>,
    },
    /// The action failed.
    #[error("{0}")]
    Failed(Box<Failure>),
    /// The connector returned a result that cannot be written as JSON.
    #[error("{0}")]
    Output(OutputError),
}

impl Connection {
    pub(crate) fn new(
        connector: Connector,
        profile: Profile,
        egress: Arc<Egress>,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
    ) -> Self {
        let variables = &connector.manifest().environment;
        let environment = variables.api_url.iter().map(|name| (name.clone(), profile.api_url().to_string()));
        let environment = environment.collect();
        Self { connector, profile: Arc::new(profile), egress, clock, store, environment }
    }

    /// The connector that is connected.
    #[must_use]
    pub fn connector(&self) -> &Connector {
        &self.connector
    }

    /// How the connector is connected.
    #[must_use]
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// The door through which all of its requests go.
    #[must_use]
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// The clock that it uses.
    pub(crate) fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// The state that it shares with other connections and processes.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The component's whole environment, as names and values.
    #[must_use]
    pub fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Calls an action, within [`DEFAULT_DEADLINE`].
    ///
    /// `input` is a JSON object; each key may be the published connector's (`Machine ID`), the contract's
    /// (`machine-id`) or its camelCase (`machineId`).
    ///
    /// # Errors
    /// The input does not fit, or the action failed: [`Failure::case`] says how.
    pub async fn call(&self, action: &str, input: Value) -> Result<Reply, CallError> {
        self.call_within(DEFAULT_DEADLINE, action, input).await
    }

    /// Calls an action that must end within `time`, including waits for the quota, retries and reading the
    /// reply.
    ///
    /// # Errors
    /// As [`Connection::call`].
    pub async fn call_within(&self, time: Duration, action: &str, input: Value) -> Result<Reply, CallError> {
        let function = self.connector.find(action)?;
        self.run(function, &object(action, input)?, time).await
    }

    /// Calls an action that returns pages, and yields them one after another. `time` is for all of them
    /// together, from the moment at which the first is requested.
    ///
    /// # Errors
    /// The connector has no such action, or the input is not an object.
    pub fn pages(&self, time: Duration, action: &str, input: Value) -> Result<Pages<'_>, CallError> {
        let function = self.connector.find(action)?;
        Ok(Pages::new(self, function, object(action, input)?, time))
    }

    /// Calls the polling function of a trigger. All polls together may use `share` of the connection's quota.
    pub(crate) async fn poll(
        &self,
        function: &Function,
        input: &Map<String, Value>,
        time: Duration,
        share: Option<Limit>,
    ) -> Result<Reply, CallError> {
        let mut purpose = self.purpose(function, time);
        purpose.limits = purpose.limits.iter().copied().chain(share).collect();
        purpose.lane = Some(POLLS.into());
        self.run_for(purpose, function, input, time).await
    }

    async fn run(
        &self,
        function: &Function,
        input: &Map<String, Value>,
        time: Duration,
    ) -> Result<Reply, CallError> {
        self.run_for(self.purpose(function, time), function, input, time).await
    }

    fn purpose(&self, function: &Function, time: Duration) -> Purpose {
        Purpose {
            action: function.action.name.as_str().into(),
            effect: function.action.effect,
            limits: if self.profile.action_limits() { function.action.limits.clone() } else { [].into() },
            lane: None,
            deadline: Some(self.clock.now().saturating_add(time)),
        }
    }

    async fn run_for(
        &self,
        purpose: Purpose,
        function: &Function,
        input: &Map<String, Value>,
        time: Duration,
    ) -> Result<Reply, CallError> {
        let arguments = function
            .signature
            .arguments(input)
            .map_err(|error| CallError::Input { action: function.name.clone(), error: error.into() })?;
        let door = Door::new(self.egress.clone(), purpose);
        let returned = instance::run(&self.connector, function, &arguments, &self.environment, door, time)
            .await
            .map_err(|failure| CallError::Failed(Box::new(named_for_callers(function, failure))))?;
        let instance::Value { json, next } = returned.map_err(CallError::Output)?;
        // The output consists of strings and of JSON that was checked.
        let json = String::from_utf8(json).map_err(|_| CallError::Output(OutputError::NoJsonForm("text")))?;
        Ok(Reply { json, next })
    }
}

impl Reply {
    /// The result as JSON text.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The link to the next page, if the result is a page that has one.
    #[must_use]
    pub fn next_link(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The result as JSON text.
    #[must_use]
    pub fn into_json(self) -> String {
        self.json
    }

    /// Deserializes the result into a type of the caller's.
    ///
    /// # Errors
    /// The type does not fit the result.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.json)
    }

    /// The result as a JSON value.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "what this library writes, it can read")]
    pub fn value(&self) -> Value {
        // This library wrote it, and refuses to write what nests too deeply to be read again.
        serde_json::from_str(&self.json).expect("a reply is JSON")
    }
}

impl CallError {
    /// What to do next, if there is specific advice.
    #[must_use]
    pub fn hint(&self) -> Option<Remedy> {
        match self {
            Self::UnknownAction { similar: Some(similar), .. } => {
                Some(Remedy::DidYouMean { name: similar.clone() })
            }
            Self::UnknownAction { .. } => Some(Remedy::ListActions),
            Self::NotAnObject { .. } => Some("give an object with a key for each parameter".into()),
            Self::Input { error, .. } => error.hint(),
            Self::Name { error, .. } => Some(error.hint()),
            Self::Failed(failure) => failure.hint.clone(),
            Self::Output(_) => None,
        }
    }

    /// Returns the failure as the contract defines it. Input that was refused here counts as invalid input,
    /// just as if the API had refused it.
    #[must_use]
    pub fn failure(&self) -> Failure {
        let case = match self {
            Self::Failed(failure) => return Failure::clone(failure),
            Self::Output(_) => FailureCase::PermanentUnexpectedReply,
            Self::Name { error, .. } => error.case(),
            Self::UnknownAction { .. } | Self::NotAnObject { .. } | Self::Input { .. } => {
                FailureCase::PermanentInvalidInput
            }
        };
        let mut failure = Failure::new(case, self.to_string());
        failure.hint = self.hint();
        failure.parameter = match self {
            Self::Input { error, .. } => Some(error.parameter.clone()).filter(|name| !name.is_empty()),
            Self::Name { parameter, .. } => Some(parameter.clone()),
            _ => None,
        };
        failure
    }
}

/// Renames the blamed parameter for callers: a component uses its name in the contract, and callers know it
/// by its key. The message also names the action, as it does for input that is refused before anything runs.
fn named_for_callers(function: &Function, mut failure: Failure) -> Failure {
    let blamed = failure.parameter.as_deref();
    let parameter = function.signature.parameters().find(|parameter| Some(&*parameter.name) == blamed);
    if let Some(parameter) = parameter {
        let what = failure.message.strip_prefix(&*parameter.name).unwrap_or(&failure.message).trim_start();
        failure.message = format!("{}: {} {what}", function.name, parameter.key);
        failure.parameter = Some(parameter.key.to_string());
    }
    failure
}

fn object(action: &str, input: Value) -> Result<Map<String, Value>, CallError> {
    let found = match input {
        Value::Object(object) => return Ok(object),
        Value::Null => return Ok(Map::new()),
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
    };
    Err(CallError::NotAnObject { action: action.to_owned(), found })
}

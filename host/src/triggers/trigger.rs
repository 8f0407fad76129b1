//! The triggers of a connector: the manifest names them, and the shape of their functions says what they can
//! do.

use std::sync::Arc;

use crate::call::Connection;
use crate::connector::{Connector, Function};
use crate::manifest::Status;
use crate::remedy::Remedy;
use crate::value::{Integer, Shape};

use super::builder::WatchBuilder;
use super::subject::Subject;

/// The prefix of polling functions that the manifest does not name.
const POLL: &str = "poll-";

/// A trigger of a connection.
#[derive(Debug, Clone)]
pub struct Trigger {
    pub(super) connection: Connection,
    pub(super) polled: Arc<Polled>,
}

/// A trigger that can be polled.
#[derive(Debug, Clone)]
pub struct Polled {
    /// The trigger's name, such as `new-alerts`.
    pub name: String,
    /// The title, for people.
    pub title: String,
    /// A summary of what the trigger waits for.
    pub summary: String,
    /// The trigger's status: whether it may be relied on.
    pub status: Status,
    /// The name of the connector's function that polls.
    pub function: String,
    pub(super) batch: BatchKeys,
}

/// The JSON keys of a poll's result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BatchKeys {
    pub(super) events: Arc<str>,
    pub(super) checkpoint: Arc<str>,
    pub(super) more: Arc<str>,
    pub(super) id: Arc<str>,
    pub(super) time: Option<Arc<str>>,
    pub(super) data: Arc<str>,
    /// The keys of the report on late events.
    pub(super) late: LatenessKeys,
    /// The key under which a poll reports that the API's clock was set back, if the trigger reports it.
    pub(super) clock_set_back: Option<Arc<str>>,
}

/// The JSON keys of a poll's report on late events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LatenessKeys {
    pub(super) key: Option<Arc<str>>,
    pub(super) events: Option<Arc<str>>,
    pub(super) seconds: Option<Arc<str>>,
}

/// A connector has no trigger of that name with the requested ability.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the connector has no trigger `{name}` that {ability}")]
pub struct TriggerError {
    ability: &'static str,
    name: String,
    known: Vec<String>,
}

impl TriggerError {
    pub(crate) fn new(ability: &'static str, name: &str, known: Vec<String>) -> Self {
        Self { ability, name: name.to_owned(), known }
    }

    /// Returns what the user can do about it.
    #[must_use]
    pub fn hint(&self) -> Remedy {
        let names = self.known.iter().map(String::as_str);
        match crate::similar::most_similar(&self.name, names) {
            Some(similar) => Remedy::DidYouMean { name: similar.to_owned() },
            None if self.known.is_empty() => "this connector has actions only".into(),
            None => format!("its triggers are: {}", self.known.join(", ")).into(),
        }
    }
}

impl Connector {
    /// Returns the triggers that can be polled: one for each function of the shape that the contract
    /// prescribes.
    #[must_use]
    pub fn triggers(&self) -> Vec<Polled> {
        let manifest = self.manifest();
        let of_manifest = manifest.triggers.iter().filter_map(|trigger| {
            let function = self.functions().find(|function| {
                trigger.poll.as_ref().is_some_and(|poll| poll.name == function.action.name)
            })?;
            Some(Polled {
                name: trigger.name.clone(),
                title: trigger.title.clone(),
                summary: trigger.summary.clone(),
                status: trigger.status,
                function: function.action.name.clone(),
                batch: BatchKeys::of(function)?,
            })
        });
        let unlisted = self.functions().filter(|function| {
            !manifest.trigger_functions().any(|action| action.name == function.action.name)
        });
        let unlisted = unlisted.filter_map(|function| {
            Some(Polled {
                name: function.action.name.strip_prefix(POLL)?.to_owned(),
                title: function.action.title.clone(),
                summary: function.action.summary.clone(),
                status: function.action.status,
                function: function.action.name.clone(),
                batch: BatchKeys::of(function)?,
            })
        });
        of_manifest.chain(unlisted).collect()
    }
}

impl Connection {
    /// Returns the trigger of that name.
    ///
    /// # Errors
    /// [`TriggerError`] if the connector has no trigger of that name that can be polled.
    pub fn trigger(&self, name: &str) -> Result<Trigger, TriggerError> {
        let triggers = self.connector().triggers();
        let known = triggers.iter().map(|trigger| trigger.name.clone()).collect();
        match triggers.into_iter().find(|trigger| trigger.name == name) {
            Some(polled) => Ok(Trigger { connection: self.clone(), polled: Arc::new(polled) }),
            None => Err(TriggerError::new("can be polled", name, known)),
        }
    }
}

impl Trigger {
    /// Returns the connection to which the trigger belongs.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the trigger's description.
    #[must_use]
    pub fn description(&self) -> &Polled {
        &self.polled
    }

    /// Starts building a watch on this trigger.
    #[must_use]
    pub fn watch(&self) -> WatchBuilder {
        let (connection, trigger) = (self.connection.clone(), self.polled.name.clone());
        WatchBuilder::new(Subject { connection, trigger, polled: Some(self.clone()) })
    }
}

impl BatchKeys {
    /// Returns the keys if the function polls, that is, if it takes a checkpoint that may be absent, and
    /// returns a record of `events` (each with `id` and `data`, and perhaps `time`), `checkpoint` and `more`.
    fn of(function: &Function) -> Option<Self> {
        let takes_checkpoint = function.signature.parameters().any(|parameter| {
            &*parameter.name == "checkpoint"
                && matches!(&parameter.shape, Shape::Option(inner) if matches!(**inner, Shape::String))
        });
        let batch = Fields::of(function.signature.result())?;
        let Shape::List(event) = batch.shape("events")? else { return None };
        let event = Fields::of(event)?;
        let plain = matches!(event.shape("id")?, Shape::String)
            && matches!(batch.shape("checkpoint")?, Shape::String)
            && matches!(batch.shape("more")?, Shape::Bool);
        (takes_checkpoint && plain).then_some(())?;
        Some(Self {
            events: batch.key("events")?,
            checkpoint: batch.key("checkpoint")?,
            more: batch.key("more")?,
            id: event.key("id")?,
            time: event.key("time"),
            data: event.key("data")?,
            late: LatenessKeys::of(&batch),
            clock_set_back: batch
                .key_of("clock-set-back-seconds", |shape| matches!(shape, Shape::Integer(Integer::S64))),
        })
    }
}

impl LatenessKeys {
    /// Returns the keys, if the batch has `late`: an optional a record of `events` and `seconds`.
    fn of(batch: &Fields<'_>) -> Self {
        let Some(Shape::Option(late)) = batch.shape("late") else { return Self::default() };
        let Some(late) = Fields::of(late) else { return Self::default() };
        let is_count = |name: &str| matches!(late.shape(name), Some(Shape::Integer(Integer::S64)));
        if !is_count("events") || !is_count("seconds") {
            return Self::default();
        }
        Self { key: batch.key("late"), events: late.key("events"), seconds: late.key("seconds") }
    }
}

/// The fields of a record, by their names in the contract.
pub(super) struct Fields<'a>(&'a [crate::value::RecordField]);

impl<'a> Fields<'a> {
    pub(super) fn of(shape: &'a Shape) -> Option<Self> {
        match shape {
            Shape::Record(fields) => Some(Self(fields)),
            _ => None,
        }
    }

    pub(super) fn shape(&self, name: &str) -> Option<&'a Shape> {
        self.0.iter().find(|field| &*field.spelling.name == name).map(|field| &field.shape)
    }

    /// Returns the key of an optional field whose shape satisfies `is`.
    fn key_of(&self, name: &str, is: impl Fn(&Shape) -> bool) -> Option<Arc<str>> {
        match self.shape(name) {
            Some(Shape::Option(inner)) if is(inner) => self.key(name),
            _ => None,
        }
    }

    pub(super) fn key(&self, name: &str) -> Option<Arc<str>> {
        let field = self.0.iter().find(|field| &*field.spelling.name == name)?;
        Some(field.spelling.key.clone())
    }
}

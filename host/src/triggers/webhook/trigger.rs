//! The pushed triggers of a connector: the manifest names them, and the shape of their functions decides
//! which they are.

use std::sync::Arc;

use crate::call::Connection;
use crate::connector::{Connector, Function};
use crate::manifest::Action;
use crate::triggers::WatchBuilder;
use crate::triggers::subject::Subject;
use crate::triggers::trigger::{Fields, TriggerError};
use crate::value::Shape;

use super::inbox::Inbox;

/// The prefix and suffix of the function that reads a notification, if the manifest does not name it.
const PARSE: (&str, &str) = ("parse-", "-notification");
/// The suffix of a trigger's name in the name of the watch of its notifications.
const SUFFIX: &str = "/pushed";

/// A pushed trigger of a connection.
#[derive(Debug, Clone)]
pub struct PushTrigger {
    pub(super) connection: Connection,
    pub(super) pushed: Arc<Pushed>,
}

/// A trigger that an API pushes.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// The trigger's name, such as `new-alerts`.
    pub name: String,
    /// The title, for people.
    pub title: String,
    pub(super) parse: Call,
    pub(super) id: Arc<str>,
    pub(super) time: Option<Arc<str>>,
    pub(super) standing: Option<Standing>,
}

/// How to start and end a subscription.
#[derive(Debug, Clone)]
pub(super) struct Standing {
    pub(super) subscribe: Call,
    /// The key of the subscription's id in the result of `subscribe`.
    pub(super) id: Arc<str>,
    pub(super) unsubscribe: Call,
}

/// A function with a single string parameter.
#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) function: String,
    pub(super) parameter: Arc<str>,
}

impl Connector {
    /// Returns the triggers that an API pushes: those whose notifications the connector can read.
    #[must_use]
    pub fn pushed_triggers(&self) -> Vec<Pushed> {
        let manifest = self.manifest();
        let named = manifest.triggers.iter().filter_map(|trigger| {
            let parse = self.named(trigger.parse.as_ref())?;
            let standing =
                self.named(trigger.subscribe.as_ref()).zip(self.named(trigger.unsubscribe.as_ref()));
            Pushed::of(&trigger.name, &trigger.title, parse, standing)
        });
        let unlisted = self.functions().filter(|function| {
            !manifest.trigger_functions().any(|action| action.name == function.action.name)
        });
        let unlisted = unlisted.filter_map(|function| {
            let action = &function.action;
            let name = action.name.strip_prefix(PARSE.0)?.strip_suffix(PARSE.1)?;
            Pushed::of(name, &action.title, function, None)
        });
        named.chain(unlisted).collect()
    }

    fn named(&self, action: Option<&Action>) -> Option<&Function> {
        self.functions().find(|function| action.is_some_and(|action| action.name == function.action.name))
    }
}

impl Connection {
    /// Returns the pushed trigger of that name.
    ///
    /// # Errors
    /// [`TriggerError`] if the connector has no trigger of that name whose notifications it can read.
    pub fn push_trigger(&self, name: &str) -> Result<PushTrigger, TriggerError> {
        let triggers = self.connector().pushed_triggers();
        let known = triggers.iter().map(|trigger| trigger.name.clone()).collect();
        match triggers.into_iter().find(|trigger| trigger.name == name) {
            Some(pushed) => Ok(PushTrigger { connection: self.clone(), pushed: Arc::new(pushed) }),
            None => Err(TriggerError::new("is pushed", name, known)),
        }
    }
}

impl PushTrigger {
    /// Returns the connection to which the trigger belongs.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Returns the trigger's description.
    #[must_use]
    pub fn description(&self) -> &Pushed {
        &self.pushed
    }

    /// Returns an inbox that accepts notifications, and a builder for the watch that delivers them. The two
    /// belong together.
    #[must_use]
    pub fn open(&self) -> (Inbox, WatchBuilder) {
        let trigger = format!("{}{SUFFIX}", self.pushed.name);
        let subject = Subject { connection: self.connection.clone(), trigger, polled: None };
        let inbox = Inbox::new(self.clone(), subject.ledger());
        let watch = WatchBuilder::new(subject).news(inbox.news());
        (inbox, watch)
    }
}

impl Pushed {
    /// Returns whether the connector can subscribe and unsubscribe by itself.
    #[must_use]
    pub fn subscribes(&self) -> bool {
        self.standing.is_some()
    }

    /// Returns the name of the function that reads a notification.
    pub(crate) fn parse_function(&self) -> &str {
        &self.parse.function
    }

    /// Returns the trigger, if `parse` takes a string and returns a list of records with an `id`.
    fn of(
        name: &str,
        title: &str,
        parse: &Function,
        standing: Option<(&Function, &Function)>,
    ) -> Option<Self> {
        let Shape::List(notification) = parse.signature.result() else { return None };
        let notification = Fields::of(notification)?;
        matches!(notification.shape("id")?, Shape::String).then_some(())?;
        Some(Self {
            name: name.to_owned(),
            title: title.to_owned(),
            parse: Call::of(parse)?,
            id: notification.key("id")?,
            time: notification.key("time"),
            standing: standing.and_then(|(subscribe, unsubscribe)| Standing::of(subscribe, unsubscribe)),
        })
    }
}

impl Standing {
    fn of(subscribe: &Function, unsubscribe: &Function) -> Option<Self> {
        let subscription = Fields::of(subscribe.signature.result())?;
        matches!(subscription.shape("id")?, Shape::String).then_some(())?;
        Some(Self {
            subscribe: Call::of(subscribe)?,
            id: subscription.key("id")?,
            unsubscribe: Call::of(unsubscribe)?,
        })
    }
}

impl Call {
    fn of(function: &Function) -> Option<Self> {
        let mut parameters = function.signature.parameters();
        let (parameter, None) = (parameters.next()?, parameters.next()) else { return None };
        matches!(parameter.shape, Shape::String).then_some(())?;
        Some(Self { function: function.action.name.clone(), parameter: parameter.name.clone() })
    }
}

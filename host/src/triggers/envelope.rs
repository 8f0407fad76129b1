//! The JSON in which an event is wrapped when it is sent.

use std::fmt;
use std::str::FromStr;

use super::cloudevent::Event;

/// What an event is wrapped in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// A CloudEvent in its JSON format: id, source, type and time beside the data.
    #[default]
    CloudEvent,
    /// The data under the key `body`, as the triggers of Azure Logic Apps and Power Automate deliver it. Over
    /// HTTP, the header `webhook-id` identifies the event.
    Body,
}

impl Envelope {
    /// All envelopes with their names.
    pub const NAMES: [(&'static str, Self); 2] = [("cloudevent", Self::CloudEvent), ("body", Self::Body)];

    /// Returns the event in this envelope: JSON on one line.
    #[must_use]
    pub fn wrap(self, event: &Event) -> String {
        match self {
            Self::CloudEvent => event.to_json(),
            Self::Body => format!("{{\"body\":{}}}", event.data()),
        }
    }

    /// Returns the media type of what [`Envelope::wrap`] returns.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::CloudEvent => "application/cloudevents+json; charset=utf-8",
            Self::Body => "application/json; charset=utf-8",
        }
    }
}

/// The error for a name that no envelope has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownEnvelope;

impl fmt::Display for UnknownEnvelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = Envelope::NAMES.iter().map(|(name, _)| format!("`{name}`")).collect();
        write!(f, "expected {}", names.join(" or "))
    }
}

impl std::error::Error for UnknownEnvelope {}

impl FromStr for Envelope {
    type Err = UnknownEnvelope;

    fn from_str(text: &str) -> Result<Self, UnknownEnvelope> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        found.map(|(_, envelope)| *envelope).ok_or(UnknownEnvelope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::triggers::cloudevent::tests::event;

    #[test]
    fn a_body_holds_the_data_alone_byte_for_byte() {
        assert_eq!(Envelope::Body.wrap(&event("a")), "{\"body\":{\"n\":1.10}}");
        assert_eq!(Envelope::CloudEvent.wrap(&event("a")), event("a").to_json());
        assert_eq!(
            ("body".parse(), "cloud".parse()),
            (Ok(Envelope::Body), Err::<Envelope, _>(UnknownEnvelope))
        );
    }
}

//! What to do about a failure that the API or the connector told of.

use connector_host::manifest::Effect;
use connector_host::{Failure, FailureCase, Function};

/// The action that failed, as far as it is known.
#[derive(Debug, Clone)]
pub(crate) struct Failed {
    name: String,
    effect: Effect,
}

impl From<&Function> for Failed {
    fn from(function: &Function) -> Self {
        Self { name: function.action.name.clone(), effect: function.action.effect }
    }
}

/// What to do next. None for what nobody can know.
pub(crate) fn of(failure: &Failure, failed: Option<&Failed>) -> Option<String> {
    let describe = || match failed {
        Some(Failed { name, .. }) => format!("`connector describe {name}`"),
        None => "`connector describe` with the action's name".into(),
    };
    Some(match failure.case {
        FailureCase::Throttled => match failure.retry_after_seconds {
            Some(0) => "the time to wait is over already: call again".into(),
            Some(seconds) => format!("call again in {seconds} s"),
            None => "call again later".into(),
        },
        FailureCase::Unavailable => "call again later; `connector connections test` shows what works".into(),
        FailureCase::PermanentInvalidInput => format!("{} shows what each parameter takes", describe()),
        FailureCase::PermanentUnauthorized if is_about_account(failure) => {
            "the credential was read, but the tenant's licence or account does not cover this: ask its administrator".into()
        }
        FailureCase::PermanentUnauthorized => {
            "check the connection's credential: `connector connections test`".into()
        }
        FailureCase::PermanentForbidden if failure.missing_roles.is_empty() => {
            format!("the credential may not do this: {} names the permissions that it needs", describe())
        }
        FailureCase::PermanentForbidden => {
            format!("grant the application one of: {}", failure.missing_roles.join(", "))
        }
        FailureCase::PermanentNotFound => "check the id; what was just asked for may not exist yet".into(),
        FailureCase::PermanentConflict => "wait until what is in progress ends, or cancel it".into(),
        FailureCase::PermanentOutcomeUnknown => LOOK.into(),
        FailureCase::PermanentUnexpectedReply if was_accepted(failure, failed) => {
            "the API answered with success: look at what has changed before calling again".into()
        }
        FailureCase::PermanentUnexpectedReply => {
            "if a proxy answers in the API's place, check its settings; else report what the API sent".into()
        }
        _ => return None,
    })
}

const LOOK: &str = "it may have happened: look at what has changed before calling again";

/// A status of success says that the change was made, whatever is wrong with what came after it.
fn was_accepted(failure: &Failure, failed: Option<&Failed>) -> bool {
    failed.is_some_and(|failed| !failed.effect.is_read())
        && failure.status.is_some_and(|status| (200..300).contains(&status))
}

/// Some APIs answer 401 for what no other credential would mend.
fn is_about_account(failure: &Failure) -> bool {
    let message = failure.message.to_ascii_lowercase();
    ["license", "licence", "account mode", "subscription", "inactive"]
        .iter()
        .any(|word| message.contains(word))
}

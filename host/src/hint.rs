//! What to do next, in the words of this program: its flags and commands.

use connector_host::manifest::Effect;
use connector_host::{Failure, FailureCase, Function, Remedy};

use crate::flag;

/// The action that failed, as far as known.
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

/// Words a step that the library advises. A step without a flag or command here keeps the library's words.
pub(crate) fn words(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Configure => {
            "`connector connections add` adds a connection; `connector simulate` serves a stand-in API to try this \
             program with, and prints a connection to it. --config or CONNECTOR_CONFIG names another file"
                .into()
        }
        Remedy::ListActions => "`connector actions` lists the actions".into(),
        Remedy::GiveParameter { name, key } => {
            format!("give it with --{}, or as \"{key}\" in --input", flag::name(name))
        }
        Remedy::RaiseDeadline => "give the call more time with --deadline, or ask for less".into(),
        Remedy::WaitForQuota => "let the call wait longer with --deadline, or call less often".into(),
        Remedy::RaiseTimeout => {
            "give the call more time with --deadline or a higher `timeout-seconds`, or ask for less".into()
        }
        Remedy::LogIn { connection } => format!("run `connector login --connection {connection}`"),
        Remedy::TestConnection => "`connector connections test` shows whether the connection works".into(),
        Remedy::ResumeWatch { watch } => format!("run `connector events resume {watch}`, then start again"),
        Remedy::DeliverLater { watch } => format!(
            "the events are kept: start again when the receiver works; `connector events pending {watch}` lists them"
        ),
        Remedy::AllowLoopbackCallback => {
            "to send events to this machine, allow it with --allow-loopback-http".into()
        }
        Remedy::KeepSecretsInFile => {
            "unlock the keyring, or keep secrets in a file: set CONNECTOR_VAULT to `file`".into()
        }
        Remedy::EndOtherProgram => {
            "another `connector` may be suspended: resume it (`fg`) or end it, and try again".into()
        }
        other => other.to_string(),
    }
}

/// Returns what to do next about a failure that only the API or the connector knows about; `None` if nobody
/// can know.
pub(crate) fn of(failure: &Failure, failed: Option<&Failed>) -> Option<String> {
    let describe = || match failed {
        Some(Failed { name, .. }) => format!("`connector describe {name}`"),
        None => "`connector describe` with the action's name".into(),
    };
    Some(match failure.case {
        FailureCase::Throttled => match failure.retry_after_seconds {
            Some(0) => "the time to wait is over: call again".into(),
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

/// A success status says that the change was made, whatever went wrong afterwards.
fn was_accepted(failure: &Failure, failed: Option<&Failed>) -> bool {
    failed.is_some_and(|failed| !failed.effect.is_read())
        && failure.status.is_some_and(|status| (200..300).contains(&status))
}

/// Some APIs answer 401 for problems that no other credential would solve.
fn is_about_account(failure: &Failure) -> bool {
    let message = failure.message.to_ascii_lowercase();
    ["license", "licence", "account mode", "subscription", "inactive"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_of_the_library_is_worded_with_the_flags_and_commands_of_the_program() {
        let name = || "default/new-alerts".to_owned();
        for (remedy, words) in [
            (Remedy::Configure, "`connector connections add`"),
            (Remedy::Configure, "`connector simulate`"),
            (Remedy::ListActions, "`connector actions`"),
            (Remedy::GiveParameter { name: "machine-id".into(), key: "Machine ID".into() }, "--machine-id"),
            (Remedy::GiveParameter { name: "output".into(), key: "Output".into() }, "--with-output"),
            (Remedy::RaiseDeadline, "--deadline"),
            (Remedy::WaitForQuota, "--deadline"),
            (Remedy::RaiseTimeout, "`timeout-seconds`"),
            (Remedy::LogIn { connection: "soc".into() }, "`connector login --connection soc`"),
            (Remedy::TestConnection, "`connector connections test`"),
            (Remedy::ResumeWatch { watch: name() }, "`connector events resume default/new-alerts`"),
            (Remedy::DeliverLater { watch: name() }, "`connector events pending default/new-alerts`"),
            (Remedy::AllowLoopbackCallback, "--allow-loopback-http"),
            (Remedy::KeepSecretsInFile, "CONNECTOR_VAULT"),
            (Remedy::from("ask an administrator"), "ask an administrator"),
            (Remedy::DidYouMean { name: "tag-machine".into() }, "did you mean `tag-machine`?"),
        ] {
            let said = super::words(&remedy);
            assert!(said.contains(words), "{remedy:?}: {said}");
        }
    }
}

//! What a server tells people about its triggers.

use connector_host::Remedy;
use connector_host::serve::Report;

use crate::commands::watch::news::{log, tell_of, warn};
use crate::hint;
use crate::terminal::printable;

pub(super) fn tell(name: &str, report: &Report<'_>) {
    match report {
        Report::News(told) => tell_of(Some(name), told),
        Report::Ended(error) => warn(&format!("{name}: {}", printable(&error.to_string()))),
        Report::BegunAgain => log(&format!("{name}: it runs again")),
        Report::NotSubscribed(error) => {
            let hint = error.hint().map(|remedy| match remedy {
                Remedy::Resubscribe { .. } => {
                    format!("look at the API's subscriptions; to ask again, start with --resubscribe {name}")
                }
                remedy => hint::words(&remedy),
            });
            let hint = hint.map(|hint| format!("; {}", printable(&hint))).unwrap_or_default();
            warn(&format!("{name}: {}{hint}", printable(&error.to_string())));
        }
        Report::Subscribed => log(&format!("{name}: it is subscribed")),
        _ => {}
    }
}

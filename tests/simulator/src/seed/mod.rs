//! The initial organisation. It is small and always the same, with times relative to the start.

mod actions;
pub(crate) mod alerts;
mod evidence;
mod generated;
mod hunting;
mod investigations;
mod machines;
pub mod names;
mod platforms;
pub(crate) mod remediation;
mod statistics;

use std::time::Duration;

use crate::model::{Event, Organisation};
use crate::moment::Moment;
use crate::options::Population;

/// The display name of the one application.
pub(crate) const APP_NAME: &str = "Contoso SOC Automation";

/// The organisation as of `now`, plus a generated `population`.
pub(crate) fn organisation(tenant_id: &str, now: Moment, population: Population) -> Organisation {
    let mut organisation = Organisation::new(tenant_id);
    let past = Past(now);
    machines::all(past).into_iter().for_each(|row| organisation.put_machine(row));
    for alert in alerts::all(past, tenant_id) {
        let created = alert.alert_creation_time;
        organisation.put_alert(alert, created);
    }
    organisation.actions.extend(actions::all(past));
    organisation.investigations.extend(investigations::all(past));
    let activities = remediation::all(past, &organisation);
    organisation.activities.extend(activities);
    organisation.files = statistics::files(past);
    organisation.domains = statistics::domains(past);
    organisation.addresses = statistics::addresses(past);
    organisation.events = events(past);
    organisation.tables = hunting::tables(&organisation, past);
    generated::populate(&mut organisation, now, population);
    organisation
}

/// The events from which alerts can be created. Hunting shows them too.
fn events(past: Past) -> Vec<Event> {
    let event = |machine: names::SeededMachine, report_id: &str, time| Event {
        machine_id: machine.id.to_owned(),
        report_id: report_id.to_owned(),
        time,
    };
    vec![
        event(names::DESKTOP, names::REPORT, past.at(hours(3), 7_115_183)),
        event(names::DESKTOP, "20791", past.at(hours(2), 9_000_001)),
        event(names::LAPTOP, "5512", past.at(hours(26), 4_500_000)),
        event(names::WEB_SERVER, "88120", past.at(hours(7), 0)),
    ]
}

/// Times before the start.
#[derive(Clone, Copy, Debug)]
struct Past(Moment);

impl Past {
    /// The time this long ago, to the second, plus a fraction in ticks: 7 digits, fewer if it ends in zeros.
    fn at(self, ago: Duration, fraction: u32) -> Moment {
        let second = self.0.whole_second().before(ago);
        second.after(Duration::from_nanos(u64::from(fraction) * 100))
    }
}

const fn days(days: u64) -> Duration {
    Duration::from_hours(days * 24)
}

const fn hours(hours: u64) -> Duration {
    Duration::from_hours(hours)
}

const fn minutes(minutes: u64) -> Duration {
    Duration::from_mins(minutes)
}

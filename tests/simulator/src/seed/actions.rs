//! Eight past machine actions, one for each way in which an action can end.

use std::time::Duration;

use super::names::{self, SeededMachine};
use super::{APP_NAME, Past, days, hours, minutes};
use crate::model::live_response::{Command, CommandKind, Parameter, ParameterKey, Script};
use crate::model::machine_action::{
    ActionKind, ActionRow, Cancellation, Course, PATIENCE, RelatedFile, RequestSource,
};
use crate::moment::Moment;

pub(super) fn all(past: Past) -> Vec<ActionRow> {
    let isolate = ActionRow {
        scope: Some("Full".to_owned()),
        ..row(1, ActionKind::Isolate, names::DESKTOP_2, past.at(days(2), 3_308_187))
    };
    let release =
        row(0, ActionKind::Unisolate, names::DESKTOP_2, past.at(days(2).saturating_sub(hours(5)), 8_912_364));
    let scan = ActionRow {
        scope: Some("Quick".to_owned()),
        requestor: "analyst1@contoso.com".to_owned(),
        source: RequestSource::Portal,
        ..row(3, ActionKind::RunAntiVirusScan, names::LAPTOP, past.at(days(3), 9_936_591))
    };
    let collect = row(
        2,
        ActionKind::CollectInvestigationPackage,
        names::WEB_SERVER,
        past.at(days(3).saturating_sub(hours(1)), 4_568_741),
    );
    let mut live = row(4, ActionKind::LiveResponse, names::WEB_SERVER, past.at(days(4), 3_538_594));
    live.script = Script::new(commands(), None);
    let quarantine = ActionRow {
        file: Some(RelatedFile {
            file_identifier: names::FILE_SHA1.to_owned(),
            file_identifier_type: "Sha1".to_owned(),
        }),
        ..row(5, ActionKind::StopAndQuarantineFile, names::DESKTOP, past.at(days(5), 1_549_740))
    };
    let created = past.at(days(8), 392_813);
    let unheard = ActionRow {
        course: Course::Waits { gives_up: created.after(PATIENCE) },
        ..row(6, ActionKind::RestrictCodeExecution, names::OFFLINE, created)
    };
    let created = past.at(days(12), 2_968_211);
    let cancelled = ActionRow {
        scope: Some("Full".to_owned()),
        course: Course::Waits { gives_up: created.after(PATIENCE) },
        cancellation: Some(Cancellation {
            by: "e062d1f9-2398-4c3e-a024-9f1c5673a25a".to_owned(),
            comment: "Machine action was cancelled by automation".to_owned(),
            at: created.after(hours(20)),
        }),
        ..row(7, ActionKind::Isolate, names::OFFLINE, created)
    };
    vec![isolate, release, scan, collect, live, quarantine, unheard, cancelled]
}

/// An action that the machine carried out within a few minutes.
fn row(place: usize, kind: ActionKind, machine: SeededMachine, created: Moment) -> ActionRow {
    let started = created.after(Duration::from_millis(1652));
    ActionRow {
        id: names::ACTIONS.get(place).copied().unwrap_or_default().to_owned(),
        kind,
        machine_id: machine.id.to_owned(),
        computer_dns_name: machine.name.to_owned(),
        requestor: APP_NAME.to_owned(),
        comment: "Response to an alert".to_owned(),
        source: RequestSource::PublicApi,
        created,
        scope: None,
        file: None,
        script: Script::default(),
        course: Course::Runs { started, ended: started.after(minutes(2)), succeeds: true },
        cancellation: None,
    }
}

fn commands() -> Vec<Command> {
    let parameter = |key, value: &str| Parameter { key, value: value.to_owned() };
    vec![
        Command {
            kind: CommandKind::RunScript,
            params: vec![
                parameter(ParameterKey::ScriptName, "collect-logs.ps1"),
                parameter(ParameterKey::Args, "-Days 7"),
            ],
        },
        Command {
            kind: CommandKind::GetFile,
            params: vec![parameter(ParameterKey::Path, "C:\\Windows\\Temp\\logs.zip")],
        },
    ]
}

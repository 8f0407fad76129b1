//! Machine actions: what a machine was asked to do, and its progress at a given time.

use std::time::Duration;

use serde::Serialize;
use uuid::Uuid;

use super::action_entity::MachineAction;
use super::live_response::Script;
use super::machine::{Behaviour, Machine};
use super::shelf::Keyed;
use crate::moment::Moment;
use crate::options::Settings;

/// The kinds of action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ActionKind {
    RunAntiVirusScan,
    CollectInvestigationPackage,
    Isolate,
    Unisolate,
    StopAndQuarantineFile,
    RestrictCodeExecution,
    UnrestrictCodeExecution,
    LiveResponse,
}

/// The progress of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum ActionStatus {
    Pending,
    InProgress,
    Succeeded,
    Failed,
    TimeOut,
    Cancelled,
}

/// A stored action.
#[derive(Clone, Debug)]
pub(crate) struct ActionRow {
    pub(crate) id: String,
    pub(crate) kind: ActionKind,
    pub(crate) machine_id: String,
    pub(crate) computer_dns_name: String,
    pub(crate) requestor: String,
    pub(crate) comment: String,
    pub(crate) source: RequestSource,
    pub(crate) created: Moment,
    /// `Full`, `Quick` and the like; shown once the action has left `Pending`.
    pub(crate) scope: Option<String>,
    pub(crate) file: Option<RelatedFile>,
    pub(crate) script: Script,
    pub(crate) course: Course,
    pub(crate) cancellation: Option<Cancellation>,
}

/// The course of an action unless it is cancelled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Course {
    /// The machine starts the action and finishes it.
    Runs { started: Moment, ended: Moment, succeeds: bool },
    /// The machine never receives the action.
    Waits { gives_up: Moment },
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cancellation {
    pub(crate) by: String,
    pub(crate) comment: String,
    pub(crate) at: Moment,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum RequestSource {
    Portal,
    PublicApi,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RelatedFile {
    pub(crate) file_identifier: String,
    pub(crate) file_identifier_type: String,
}

/// How long an action waits for a machine that is offline.
pub(crate) const PATIENCE: Duration = Duration::from_hours(72);

const E_FAIL: i64 = -2_147_467_259;
const E_ABORT: i64 = -2_147_467_260;
const TIMED_OUT: i64 = -2_145_844_840;
/// The service writes an action twice when it is created, a few ticks apart.
const SECOND_WRITE: Duration = Duration::from_nanos(500);

impl ActionRow {
    /// Creates an action that was just requested through the API.
    pub(crate) fn requested(
        kind: ActionKind,
        target: (&Machine, Behaviour),
        requestor: &str,
        comment: String,
        now: Moment,
        settings: &Settings,
    ) -> Self {
        let (machine, behaviour) = target;
        let started = now.after(settings.pending());
        let ended = started.after(settings.running());
        let course = match behaviour {
            Behaviour::Responds => Course::Runs { started, ended, succeeds: true },
            Behaviour::Fails => Course::Runs { started, ended, succeeds: false },
            Behaviour::Offline => Course::Waits { gives_up: now.after(PATIENCE) },
        };
        Self {
            id: Uuid::new_v4().to_string(),
            kind,
            machine_id: machine.id.clone(),
            computer_dns_name: machine.computer_dns_name.clone(),
            requestor: requestor.to_owned(),
            comment,
            source: RequestSource::PublicApi,
            created: now,
            scope: None,
            file: None,
            script: Script::default(),
            course,
            cancellation: None,
        }
    }

    pub(crate) fn status(&self, now: Moment) -> ActionStatus {
        self.state(now).0
    }

    /// Whether the action still blocks others of its kind and can be cancelled.
    pub(crate) fn is_active(&self, now: Moment) -> bool {
        matches!(self.status(now), ActionStatus::Pending | ActionStatus::InProgress)
    }

    /// The action as the API shows it at `now`.
    pub(crate) fn at(&self, now: Moment) -> MachineAction {
        let (status, updated, error) = self.state(now);
        let cancellation = self.cancellation.as_ref().filter(|_| status == ActionStatus::Cancelled);
        // A cancelled script stays where it was.
        let seen = cancellation.map_or(now, |cancellation| cancellation.at);
        MachineAction {
            id: self.id.clone(),
            kind: self.kind,
            title: None,
            requestor: self.requestor.clone(),
            requestor_comment: self.comment.clone(),
            status,
            machine_id: self.machine_id.clone(),
            computer_dns_name: self.computer_dns_name.clone(),
            creation_date_time_utc: self.created,
            last_update_date_time_utc: updated,
            cancellation_requestor: cancellation.map(|cancellation| cancellation.by.clone()),
            cancellation_comment: cancellation.map(|cancellation| cancellation.comment.clone()),
            cancellation_date_time_utc: cancellation.map(|cancellation| cancellation.at),
            error,
            scope: self.scope.clone().filter(|_| status != ActionStatus::Pending),
            external_id: None,
            request_source: self.source,
            related_file_info: self.file.clone(),
            commands: self.script.at(self.course, seen),
            troubleshoot_info: None,
        }
    }

    /// The status, the time of the last change, and the error code.
    fn state(&self, now: Moment) -> (ActionStatus, Moment, i64) {
        if let Some(cancellation) = &self.cancellation {
            return (ActionStatus::Cancelled, cancellation.at, E_ABORT);
        }
        let pending = (ActionStatus::Pending, self.created.after(SECOND_WRITE), 0);
        match self.course {
            Course::Runs { started, .. } if now < started => pending,
            Course::Runs { started, ended, .. } if now < ended => (ActionStatus::InProgress, started, 0),
            Course::Runs { ended, succeeds: true, .. } => (ActionStatus::Succeeded, ended, 0),
            Course::Runs { ended, succeeds: false, .. } => (ActionStatus::Failed, ended, E_FAIL),
            Course::Waits { gives_up } if now < gives_up => pending,
            Course::Waits { gives_up } => (ActionStatus::TimeOut, gives_up, TIMED_OUT),
        }
    }
}

impl ActionKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RunAntiVirusScan => "RunAntiVirusScan",
            Self::CollectInvestigationPackage => "CollectInvestigationPackage",
            Self::Isolate => "Isolate",
            Self::Unisolate => "Unisolate",
            Self::StopAndQuarantineFile => "StopAndQuarantineFile",
            Self::RestrictCodeExecution => "RestrictCodeExecution",
            Self::UnrestrictCodeExecution => "UnrestrictCodeExecution",
            Self::LiveResponse => "LiveResponse",
        }
    }

    /// Whether the action is available only on Windows.
    pub(crate) fn needs_windows(self) -> bool {
        matches!(self, Self::RestrictCodeExecution | Self::UnrestrictCodeExecution)
    }
}

impl ActionStatus {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Succeeded => "Succeeded",
            Self::Failed => "Failed",
            Self::TimeOut => "TimeOut",
            Self::Cancelled => "Cancelled",
        }
    }
}

impl Keyed for ActionRow {
    fn key(&self) -> &str {
        &self.id
    }
}

//! Machine actions: operations on a machine, and their progress.

use crate::Connector;
use crate::bindings::exports::defender::atp::machine_actions::{
    Guest, IsolationType, LiveResponseStep, MachineAction, MachineActionPage, OdataOptions, ScanType,
};
use crate::call::{accepted, call};
use crate::contract::Operation;
use crate::failure::{Failure, invalid};
use crate::prelude::*;
use crate::request::{Draft, get, post};

impl Guest for Connector {
    fn cancel_machine_action(machine_action_id: String, comment: String) -> Result<MachineAction, Failure> {
        let action = post(Operation::CancelMachineAction, "/api/machineactions");
        call(action.id("machine-action-id", &machine_action_id).to("cancel").field("Comment", &comment))
    }

    fn collect_investigation_package(machine_id: String, comment: String) -> Result<MachineAction, Failure> {
        call(act(
            Operation::CollectInvestigationPackage,
            &machine_id,
            "collectInvestigationPackage",
            &comment,
        ))
    }

    fn get_investigation_package_uri(machine_action_id: String) -> Result<String, Failure> {
        let action = get(Operation::GetInvestigationPackageUri, "/api/machineactions");
        accepted(action.id("machine-action-id", &machine_action_id).to("getPackageUri"))?.single()
    }

    fn get_live_response_result_uri(
        machine_action_id: String,
        command_index: u32,
    ) -> Result<String, Failure> {
        let action = get(Operation::GetLiveResponseResultUri, "/api/machineactions");
        let function = format!("GetLiveResponseResultDownloadLink(index={command_index})");
        accepted(action.id("machine-action-id", &machine_action_id).to(&function))?.single()
    }

    fn get_machine_action(machine_action_id: String) -> Result<MachineAction, Failure> {
        let actions = get(Operation::GetMachineAction, "/api/machineactions");
        call(actions.id("machine-action-id", &machine_action_id))
    }

    fn list_machine_actions(options: OdataOptions) -> Result<MachineActionPage, Failure> {
        call(get(Operation::ListMachineActions, "/api/machineactions").options(options))
    }

    fn isolate_machine(
        machine_id: String,
        comment: String,
        isolation_type: IsolationType,
    ) -> Result<MachineAction, Failure> {
        let isolate = act(Operation::IsolateMachine, &machine_id, "isolate", &comment);
        call(isolate.field("IsolationType", &isolation_type))
    }

    fn unisolate_machine(machine_id: String, comment: String) -> Result<MachineAction, Failure> {
        call(act(Operation::UnisolateMachine, &machine_id, "unisolate", &comment))
    }

    fn restrict_app_execution(machine_id: String, comment: String) -> Result<MachineAction, Failure> {
        call(act(Operation::RestrictAppExecution, &machine_id, "restrictCodeExecution", &comment))
    }

    fn unrestrict_app_execution(machine_id: String, comment: String) -> Result<MachineAction, Failure> {
        call(act(Operation::UnrestrictAppExecution, &machine_id, "unrestrictCodeExecution", &comment))
    }

    fn run_antivirus_scan(
        machine_id: String,
        comment: String,
        scan_type: ScanType,
    ) -> Result<MachineAction, Failure> {
        let scan = act(Operation::RunAntivirusScan, &machine_id, "runAntiVirusScan", &comment);
        call(scan.field("ScanType", &scan_type))
    }

    fn run_live_response(
        machine_id: String,
        comment: String,
        commands: Vec<LiveResponseStep>,
    ) -> Result<MachineAction, Failure> {
        if commands.is_empty() {
            return Err(invalid("commands", "is empty: give at least one command"));
        }
        let run = act(Operation::RunLiveResponse, &machine_id, "runliveresponse", &comment);
        call(run.field("Commands", &commands))
    }
}

/// Drafts an action on a machine. All such calls take a comment.
pub(super) fn act(operation: Operation, machine_id: &str, action: &str, comment: &str) -> Draft {
    post(operation, "/api/machines").id("machine-id", machine_id).to(action).field("Comment", comment)
}

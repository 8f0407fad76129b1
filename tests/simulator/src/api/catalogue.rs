//! All operations: their paths, the roles that may call them, their limits, and their query options.

use http::Method;

use super::operation::Operation as O;
use super::operation::Segment::{Fixed, Function, Id};
use super::operation::{Base, Operation, Segment, Spec};
use crate::odata::{LIST_OPTIONS, LIST_OPTIONS_WITH_EXPAND};
use crate::server::limits::OwnLimit;

/// An operation, the connector's id for it, its path and its roles.
type Row = (Operation, &'static str, &'static [Segment], &'static [&'static str]);

const fn get(row: Row) -> Spec {
    spec(Method::GET, Base::Api, row)
}

const fn post(row: Row) -> Spec {
    spec(Method::POST, Base::Api, row)
}

const fn spec(method: Method, base: Base, (operation, name, path, roles): Row) -> Spec {
    Spec { operation, name, method, base, path, roles, limits: &[], query: &[] }
}

const fn limited(mut spec: Spec, limits: &'static [OwnLimit]) -> Spec {
    spec.limits = limits;
    spec
}

const fn taking(mut spec: Spec, query: &'static [&'static str]) -> Spec {
    spec.query = query;
    spec
}

const ALERT_READ: &[&str] = &["Alert.Read.All", "Alert.ReadWrite.All"];
const ALERT_WRITE: &[&str] = &["Alert.ReadWrite.All"];
const MACHINE_READ: &[&str] = &["Machine.Read.All", "Machine.ReadWrite.All"];
const MACHINE_WRITE: &[&str] = &["Machine.ReadWrite.All"];
const COLLECT: &[&str] = &["Machine.CollectForensics"];
const ISOLATE: &[&str] = &["Machine.Isolate"];
const RESTRICT: &[&str] = &["Machine.RestrictExecution"];
const SCAN: &[&str] = &["Machine.Scan"];
const LIVE_RESPONSE: &[&str] = &["Machine.LiveResponse"];
const REMEDIATION: &[&str] = &["RemediationTasks.Read.All"];
const HUNTING: &[&str] = &["AdvancedQuery.Read.All"];
const CANCEL: &[&str] = &[
    "Machine.CollectForensics",
    "Machine.Isolate",
    "Machine.RestrictExecution",
    "Machine.Scan",
    "Machine.Offboard",
    "Machine.StopAndQuarantine",
    "Machine.LiveResponse",
];

/// All application roles that some operation requires.
pub const ALL_ROLES: &[&str] = &[
    "AdvancedQuery.Read.All",
    "Alert.Read.All",
    "Alert.ReadWrite.All",
    "File.Read.All",
    "Ip.Read.All",
    "Machine.CollectForensics",
    "Machine.Isolate",
    "Machine.LiveResponse",
    "Machine.Read.All",
    "Machine.ReadWrite.All",
    "Machine.RestrictExecution",
    "Machine.Scan",
    "RemediationTasks.Read.All",
    "URL.Read.All",
];

const STATS_OPTIONS: &[&str] = &["lookBackHours"];

#[rustfmt::skip]
pub(super) static SPECS: [Spec; 34] = [
    taking(get((O::GetSingleAlert, "GetSingleAlert", &[Fixed("alerts"), Id], ALERT_READ)), &["$expand"]),
    taking(get((O::GetAlerts, "GetAlerts", &[Fixed("alerts")], ALERT_READ)), LIST_OPTIONS_WITH_EXPAND),
    spec(Method::PATCH, Base::Api, (O::PatchAlert, "PatchAlert", &[Fixed("alerts"), Id], ALERT_WRITE)),
    limited(
        post((O::CreateAlertByReference, "CreateAlertByReference", &[Fixed("alerts"), Fixed("createAlertByReference")], ALERT_WRITE)),
        &[OwnLimit { calls: 15, minutes: 1 }],
    ),
    get((O::GetSingleMachine, "GetSingleMachine", &[Fixed("machines"), Id], MACHINE_READ)),
    taking(get((O::GetMachines, "GetMachines", &[Fixed("machines")], MACHINE_READ)), LIST_OPTIONS),
    post((O::MachineTag, "MachineTag", &[Fixed("machines"), Id, Fixed("tags")], MACHINE_WRITE)),
    post((O::IsolateMachine, "IsolateMachine", &[Fixed("machines"), Id, Fixed("isolate")], ISOLATE)),
    post((O::UnisolateMachine, "UnisolateMachine", &[Fixed("machines"), Id, Fixed("unisolate")], ISOLATE)),
    post((O::RestrictAppExecution, "RestrictAppExecution", &[Fixed("machines"), Id, Fixed("restrictCodeExecution")], RESTRICT)),
    post((O::UnrestrictAppExecution, "UnrestrictAppExecution", &[Fixed("machines"), Id, Fixed("unrestrictCodeExecution")], RESTRICT)),
    post((O::RunAntivirusScan, "RunAntivirusScan", &[Fixed("machines"), Id, Fixed("runAntiVirusScan")], SCAN)),
    post((O::CollectInvestigationPackage, "CollectInvestigationPackage", &[Fixed("machines"), Id, Fixed("collectInvestigationPackage")], COLLECT)),
    limited(
        post((O::RunLiveResponse, "RunLiveResponse", &[Fixed("machines"), Id, Fixed("runliveresponse")], LIVE_RESPONSE)),
        &[OwnLimit { calls: 10, minutes: 1 }],
    ),
    post((O::InitiateInvestigation, "InitiateInvestigation", &[Fixed("machines"), Id, Fixed("initiateInvestigation")], ALERT_WRITE)),
    limited(
        post((O::StartInvestigation, "StartInvestigation", &[Fixed("machines"), Id, Fixed("startInvestigation")], ALERT_WRITE)),
        &[OwnLimit { calls: 50, minutes: 60 }],
    ),
    get((O::GetSingleMachineAction, "GetSingleMachineAction", &[Fixed("machineactions"), Id], MACHINE_READ)),
    taking(get((O::GetMachineActions, "GetMachineActions", &[Fixed("machineactions")], MACHINE_READ)), LIST_OPTIONS),
    post((O::CancelSingleMachineAction, "CancelSingleMachineAction", &[Fixed("machineactions"), Id, Fixed("cancel")], CANCEL)),
    limited(
        get((O::GetInvestigationPackageUri, "GetInvestigationPackageUri", &[Fixed("machineactions"), Id, Fixed("getPackageUri")], MACHINE_READ)),
        &[OwnLimit { calls: 2, minutes: 1 }, OwnLimit { calls: 120, minutes: 60 }],
    ),
    get((O::GetLiveResponseDownloadLink, "GetLiveResponseDownloadLink", &[Fixed("machineactions"), Id, Function("GetLiveResponseResultDownloadLink", "index")], MACHINE_READ)),
    get((O::GetSingleInvestigation, "GetSingleInvestigation", &[Fixed("investigations"), Id], ALERT_READ)),
    taking(get((O::GetInvestigations, "GetInvestigations", &[Fixed("investigations")], ALERT_READ)), LIST_OPTIONS),
    limited(
        post((O::AdvancedHunting, "AdvancedHunting", &[Fixed("advancedqueries"), Fixed("run")], HUNTING)),
        &[OwnLimit { calls: 45, minutes: 1 }],
    ),
    post((O::AdvancedHuntingSchema, "AdvancedHuntingSchema", &[Fixed("advancedqueries"), Fixed("schema")], HUNTING)),
    taking(get((O::GetDomainStats, "GetDomainStats", &[Fixed("domains"), Id, Fixed("stats")], &["URL.Read.All"])), STATS_OPTIONS),
    taking(get((O::GetFileStats, "GetFileStats", &[Fixed("files"), Id, Fixed("stats")], &["File.Read.All"])), STATS_OPTIONS),
    taking(get((O::GetIpStats, "GetIpStats", &[Fixed("ips"), Id, Fixed("stats")], &["Ip.Read.All"])), STATS_OPTIONS),
    taking(get((O::GetRemediationActivities, "GetRemediationActivities", &[Fixed("remediationtasks")], REMEDIATION)), LIST_OPTIONS),
    get((O::GetSingleRemediationActivity, "GetSingleRemediationActivity", &[Fixed("remediationtasks"), Id], REMEDIATION)),
    get((O::GetRemediationActivityMachineList, "GetRemediationActivityMachineList", &[Fixed("remediationtasks"), Id, Fixed("machinereferences")], REMEDIATION)),
    taking(
        spec(Method::GET, Base::Backend, (O::OnNewRemediationActivity, "OnNewRemediationActivity", &[Fixed("trigger"), Fixed("api"), Fixed("remediationtasks")], REMEDIATION)),
        LIST_OPTIONS,
    ),
    spec(Method::POST, Base::Backend, (O::CreateWebHook, "WebHooks_CreateWebHook", &[Fixed("subscriptions")], ALERT_READ)),
    spec(Method::DELETE, Base::Backend, (O::DeleteWebHook, "WebHooks_DeleteWebHook", &[Fixed("subscriptions"), Id], ALERT_READ)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_granted_by_default() {
        let missing = SPECS.iter().filter(|spec| !spec.roles.iter().any(|role| ALL_ROLES.contains(role)));
        assert_eq!(missing.map(|spec| spec.name).collect::<Vec<_>>(), Vec::<&str>::new());
    }
}

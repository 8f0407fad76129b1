//! Remediation activities: work that vulnerability management has requested.

use crate::Connector;
use crate::bindings::exports::defender::atp::remediation::{
    Guest, OdataOptions, RemediationActivity, RemediationActivityPage, RemediationMachinePage,
};
use crate::call::call;
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::get;

impl Guest for Connector {
    fn list_remediation_activities(options: OdataOptions) -> Result<RemediationActivityPage, Failure> {
        call(get(Operation::ListRemediationActivities, "/api/remediationtasks").options(options))
    }

    fn get_remediation_activity(remediation_id: String) -> Result<RemediationActivity, Failure> {
        call(
            get(Operation::GetRemediationActivity, "/api/remediationtasks")
                .id("remediation-id", &remediation_id),
        )
    }

    fn list_remediation_machines(
        remediation_id: String,
        next_link: Option<String>,
    ) -> Result<RemediationMachinePage, Failure> {
        let activity = get(Operation::ListRemediationMachines, "/api/remediationtasks");
        let machines = activity.id("remediation-id", &remediation_id).to("machinereferences");
        call(machines.next_page(next_link))
    }
}

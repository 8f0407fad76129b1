//! Automated investigations.

use super::machine_actions::act;
use crate::Connector;
use crate::bindings::exports::defender::atp::investigations::{
    Guest, Investigation, InvestigationPage, OdataOptions,
};
use crate::call::{accepted, call};
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::get;

impl Guest for Connector {
    fn list_investigations(options: OdataOptions) -> Result<InvestigationPage, Failure> {
        call(get(Operation::ListInvestigations, "/api/investigations").options(options))
    }

    fn get_investigation(investigation_id: String) -> Result<Investigation, Failure> {
        let investigations = get(Operation::GetInvestigation, "/api/investigations");
        call(investigations.id("investigation-id", &investigation_id))
    }

    fn initiate_investigation(machine_id: String, comment: String) -> Result<String, Failure> {
        accepted(act(Operation::InitiateInvestigation, &machine_id, "initiateInvestigation", &comment))?
            .single()
    }

    fn start_investigation(machine_id: String, comment: String) -> Result<Investigation, Failure> {
        call(act(Operation::StartInvestigation, &machine_id, "startInvestigation", &comment))
    }
}

//! Machines: the devices that Defender protects.

use crate::Connector;
use crate::bindings::exports::defender::atp::machines::{
    Guest, Machine, MachinePage, OdataOptions, TagAction,
};
use crate::call::call;
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::{get, post};

impl Guest for Connector {
    fn list_machines(options: OdataOptions) -> Result<MachinePage, Failure> {
        call(get(Operation::ListMachines, "/api/machines").options(options))
    }

    fn get_machine(machine_id: String) -> Result<Machine, Failure> {
        call(get(Operation::GetMachine, "/api/machines").id("machine-id", &machine_id))
    }

    fn tag_machine(machine_id: String, value: String, action: TagAction) -> Result<Machine, Failure> {
        let tags = post(Operation::TagMachine, "/api/machines").id("machine-id", &machine_id).to("tags");
        call(tags.field("Value", &value).field("Action", &action))
    }
}

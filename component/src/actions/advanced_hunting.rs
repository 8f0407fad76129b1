//! Advanced hunting: queries over raw events.

use crate::Connector;
use crate::bindings::exports::defender::atp::advanced_hunting::{Guest, HuntingResults};
use crate::call::{accepted, call};
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::post;

impl Guest for Connector {
    fn run_hunting_query(query: String) -> Result<HuntingResults, Failure> {
        call(post(Operation::RunHuntingQuery, "/api/advancedqueries/run").field("Query", &query))
    }

    fn get_hunting_schema(query: String) -> Result<String, Failure> {
        accepted(post(Operation::GetHuntingSchema, "/api/advancedqueries/schema").field("Query", &query))?
            .json()
    }
}

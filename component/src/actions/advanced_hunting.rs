//! Advanced hunting: queries over raw events.

use crate::Connector;
use crate::bindings::exports::defender::atp::advanced_hunting::{Guest, HuntingColumn, HuntingResults};
use crate::call::accepted;
use crate::contract::Operation;
use crate::decode::keys;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::post;

impl Guest for Connector {
    fn run_hunting_query(query: String) -> Result<HuntingResults, Failure> {
        let run = post(Operation::RunHuntingQuery, "/api/advancedqueries/run");
        let reply = accepted(run.field("Query", &query))?;
        let mut found: HuntingResults = reply.value()?;
        if !found.results.iter().all(|row| row.starts_with('{')) {
            return Err(reply.unexpected("with a row that is not an object"));
        }
        if found.schema.is_empty() {
            found.schema = columns(&found.results);
        }
        Ok(found)
    }

    fn get_hunting_schema(query: String) -> Result<String, Failure> {
        accepted(post(Operation::GetHuntingSchema, "/api/advancedqueries/schema").field("Query", &query))?
            .json()
    }
}

/// The columns of the rows, in order of appearance. Rows do not tell the columns' types.
fn columns(rows: &[String]) -> Vec<HuntingColumn> {
    let mut columns: Vec<HuntingColumn> = Vec::new();
    for key in rows.iter().flat_map(|row| keys(row.as_bytes()).unwrap_or_default()) {
        if !columns.iter().any(|column| column.name == key) {
            columns.push(HuntingColumn { name: key, type_: None });
        }
    }
    columns
}

//! Advanced hunting: runs a query, or returns the schema of its result.

use http::StatusCode;
use serde::Deserialize;

use super::call::Call;
use crate::hunting::{self, Answer};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Hunt {
    query: String,
}

pub(super) fn run(call: &Call<'_>) -> Result<Reply, Refusal> {
    let answer = ask(call)?;
    Ok(Reply::json(StatusCode::OK, &answer.reply(call.settings().hunting_stats)))
}

/// The JSON schema of the reply. The connector requests it while a flow is being designed.
pub(super) fn schema(call: &Call<'_>) -> Result<Reply, Refusal> {
    Ok(Reply::json(StatusCode::OK, &ask(call)?.json_schema()))
}

fn ask(call: &Call<'_>) -> Result<Answer, Refusal> {
    let Hunt { query } = call.body()?;
    let organisation = call.organisation();
    hunting::run(&query, &organisation.tables, call.now)
        .map_err(|error| Refusal::BadRequest(error.to_string()))
}

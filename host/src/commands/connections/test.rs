//! `connector connections test`: signs in, makes one cheap read, and says which actions the token allows.
//! Never calls an action that changes anything.

use std::time::{Duration, Instant};

use connector_host::manifest::{Effect, Status};
use connector_host::permissions::{Audience, Grants, Statement, Verdict};
use connector_host::{CallError, Connection, Connector, FailureCase, Function, Parameter, Shape};
use serde_json::{Map, Value};

use super::report::{Read, Report};
use crate::cli::{Format, Globals};
use crate::commands::sign_in::sign_in;
use crate::error::CliError;
use crate::{output, setup};

/// How long a test may take by default.
const DEADLINE: Duration = Duration::from_secs(60);

/// Tests the connection. `named` are the actions that matter; if it is empty, all do.
pub(crate) fn test(globals: &Globals, named: &[String]) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let actions = chosen(&connector, named)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let time = globals.deadline.unwrap_or(DEADLINE);
    let report = setup::run(async {
        let began = Instant::now();
        let token = sign_in(&connection, time).await.map_err(|failed| failed.error)?;
        let signed_in = began.elapsed();
        let statement = token.as_ref().map_or(Statement::NOTHING, Statement::of);
        let audience = Audience::of(&statement, connection.profile(), connector.manifest());
        let read = read(&connection, &statement.grants, time.saturating_sub(signed_in)).await;
        let has_token = token.is_some();
        Ok::<_, CliError>(Report {
            connection: &connection,
            signed_in,
            has_token,
            statement,
            audience,
            read,
            actions,
        })
    })??;
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        output::document(&report.document(!named.is_empty()))?;
    } else {
        report.print(!named.is_empty())?;
    }
    report.is_for_the_api()?;
    report.is_in_time()?;
    let allowed = report.all_allowed();
    if let Err(error) = report.read {
        return Err(refused(&error));
    }
    if named.is_empty() { Ok(()) } else { allowed }
}

/// Why the read failed. The usual hint would suggest this very test.
fn refused(error: &CallError) -> CliError {
    let mut failure = error.failure();
    if failure.hint.is_none() {
        failure.hint = match failure.case {
            FailureCase::PermanentUnauthorized => Some(
                "the API does not take the token: check the tenant, and that the application's permissions are for this \
                 API and have an administrator's consent"
                    .into(),
            ),
            FailureCase::Unavailable => Some("the sign-in works; test again later".into()),
            _ => None,
        };
    }
    CallError::Failed(Box::new(failure)).into()
}

/// Returns the named functions, or all actions. A trigger's name stands for its functions.
fn chosen<'a>(connector: &'a Connector, named: &[String]) -> Result<Vec<&'a Function>, CliError> {
    if named.is_empty() {
        return Ok(connector.actions().collect());
    }
    let mut chosen = Vec::new();
    for name in named {
        match connector.manifest().triggers.iter().find(|trigger| trigger.name == *name) {
            Some(trigger) => {
                let parts = [&trigger.poll, &trigger.subscribe, &trigger.unsubscribe];
                for part in parts.into_iter().flatten() {
                    chosen.push(setup::function(connector, &part.name)?);
                }
            }
            None => chosen.push(setup::function(connector, name)?),
        }
    }
    Ok(chosen)
}

/// Makes one cheap read that the token is not known to forbid, if there is one.
async fn read<'a>(
    connection: &'a Connection,
    grants: &Grants,
    time: Duration,
) -> Result<Option<Read<'a>>, CallError> {
    let Some((function, input)) = cheapest_read(connection.connector(), grants) else {
        return Ok(None);
    };
    let began = Instant::now();
    connection.call_within(time, &function.action.name, Value::Object(input)).await?;
    Ok(Some(Read { action: &function.action.name, took: began.elapsed() }))
}

/// Finds a read without required parameters, and asks it for a single item if possible. Stable actions come
/// first.
fn cheapest_read<'a>(
    connector: &'a Connector,
    grants: &Grants,
) -> Option<(&'a Function, Map<String, Value>)> {
    let reads = connector.actions().filter(|function| {
        function.action.effect == Effect::Read
            && !function.signature.parameters().any(Parameter::required)
            && matches!(grants.verdict(&function.action.permissions), Verdict::Allowed | Verdict::Unknown)
    });
    let function = reads.min_by_key(|function| function.action.status != Status::Stable)?;
    let first = function.signature.parameters().find(|parameter| {
        &*parameter.name == "top"
            && matches!(&parameter.shape, Shape::Option(shape) if matches!(**shape, Shape::Integer(_)))
    });
    let input = first.map(|first| (first.name.to_string(), Value::from(1)));
    Some((function, input.into_iter().collect()))
}

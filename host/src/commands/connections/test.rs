//! `connector connections test`: signs in, makes one cheap read, and says which actions the token allows. What changes
//! anything is never called.

use std::time::{Duration, Instant};

use connector_host::egress::credential::CredentialError;
use connector_host::manifest::{Effect, Status};
use connector_host::permissions::{Grants, Kind, Least, Verdict, least};
use connector_host::{CallError, Connection, Connector, Failure, FailureCase, Function, Parameter, Shape};
use serde_json::{Map, Value, json};

use crate::cli::{Format, Globals};
use crate::error::CliError;
use crate::{output, setup};

/// How long a test may take unless told otherwise.
const DEADLINE: Duration = Duration::from_secs(60);

/// Tests the connection. `named` are the actions that matter; all do when there are none.
pub(crate) fn test(globals: &Globals, named: &[String]) -> Result<(), CliError> {
    let (host, connector) = setup::host(globals)?;
    let actions = chosen(&connector, named)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let time = globals.deadline.unwrap_or(DEADLINE);
    let report = setup::run(async {
        let began = Instant::now();
        let signing_in = tokio::time::timeout(time, connection.egress().sign_in()).await;
        let token = signing_in
            .unwrap_or(Err(CredentialError::NotInTime))
            .map_err(|error| CliError::Connect(error.into()))?;
        let signed_in = began.elapsed();
        let grants = token.as_ref().map_or(Grants::Opaque, Grants::of);
        let read = read(&connection, &grants, time.saturating_sub(signed_in)).await;
        let has_token = token.is_some();
        Ok::<_, CliError>(Report { connection: &connection, signed_in, has_token, grants, read, actions })
    })??;
    if matches!(globals.output, Format::Json | Format::Ndjson) {
        output::document(&report.document(!named.is_empty()))?;
    } else {
        report.print(!named.is_empty())?;
    }
    let allowed = report.all_allowed();
    report.read.map_err(CliError::Call)?;
    if named.is_empty() { Ok(()) } else { allowed }
}

/// What there is to tell.
struct Report<'a> {
    connection: &'a Connection,
    signed_in: Duration,
    has_token: bool,
    grants: Grants,
    read: Result<Option<Read<'a>>, CallError>,
    actions: Vec<&'a Function>,
}

/// A read that succeeded.
struct Read<'a> {
    action: &'a str,
    took: Duration,
}

impl Report<'_> {
    fn print(&self, least_too: bool) -> Result<(), CliError> {
        let profile = self.connection.profile();
        let sign_in = format!("ok, {} in {} ms", profile.auth().kind(), millis(self.signed_in));
        let read = match &self.read {
            Ok(Some(read)) => format!("ok, {} in {} ms", read.action, millis(read.took)),
            Ok(None) => "not tried: the token allows no action that reads without parameters".into(),
            Err(error) => format!("failed: {error}"),
        };
        let rows = [
            ("connection", profile.name().to_owned()),
            ("api", profile.api_url().to_string()),
            ("sign-in", sign_in),
            ("token", self.token()),
            ("read", read),
        ];
        let rows = rows.map(|(what, how)| vec![what.to_owned(), how]);
        output::listing(&["CHECK", "RESULT"], rows.into())?;
        output::line("")?;
        let rows = self.actions.iter().map(|function| {
            let (allowed, missing) = match self.grants.verdict(&function.action.permissions) {
                Verdict::Allowed => ("yes", String::new()),
                Verdict::Missing(names) => ("no", names.join(" or ")),
                Verdict::NotForKind(Kind::Application) => ("no", "a signed-in user".into()),
                Verdict::NotForKind(Kind::Delegated) => ("no", "an application of its own".into()),
                Verdict::Unknown => ("unknown", String::new()),
            };
            vec![function.action.name.clone(), allowed.to_owned(), missing]
        });
        output::listing(&["ACTION", "ALLOWED", "MISSING"], rows.collect())?;
        if least_too {
            output::line("")?;
            let rows = self.least().map(|(kind, least)| {
                let names: Vec<String> = least.permissions.into_iter().collect();
                let lacking = if least.incomplete { " (not enough for all of them)" } else { "" };
                vec![kind.name().to_owned(), names.join(", ") + lacking]
            });
            output::listing(&["SIGN-IN AS", "LEAST PERMISSIONS"], rows.into())?;
        }
        Ok(())
    }

    fn document(&self, least_too: bool) -> Value {
        let profile = self.connection.profile();
        let read = self.read.as_ref().ok().and_then(Option::as_ref);
        let (kind, permissions) = match &self.grants {
            Grants::Known { kind, permissions } => (kind.name(), json!(permissions)),
            _ if self.has_token => ("opaque", Value::Null),
            _ => ("none", Value::Null),
        };
        let actions = self.actions.iter().map(|function| {
            let needs = &function.action.permissions;
            let (allowed, missing) = match self.grants.verdict(needs) {
                Verdict::Allowed => (Value::Bool(true), &[][..]),
                Verdict::Missing(names) => (Value::Bool(false), names),
                Verdict::NotForKind(_) => (Value::Bool(false), &[][..]),
                Verdict::Unknown => (Value::Null, &[][..]),
            };
            json!({ "action": function.action.name, "allowed": allowed, "missingAnyOf": missing })
        });
        let mut document = json!({
            "connection": profile.name(),
            "api": profile.api_url().to_string(),
            "auth": profile.auth().kind(),
            "signInMilliseconds": millis(self.signed_in),
            "action": read.map(|read| read.action),
            "milliseconds": read.map(|read| millis(read.took)),
            "token": { "kind": kind, "permissions": permissions },
            "actions": actions.collect::<Vec<_>>(),
        });
        if least_too {
            let least = self.least().map(|(kind, least)| (kind.name().to_owned(), json!(least.permissions)));
            document["leastPermissions"] = Value::Object(least.into_iter().collect());
        }
        document
    }

    fn token(&self) -> String {
        match &self.grants {
            Grants::Known { kind: Kind::Application, permissions } => {
                format!("an application's, with {} permissions", permissions.len())
            }
            Grants::Known { kind: Kind::Delegated, permissions } => {
                format!("a user's, with {} permissions; the user's own rights count too", permissions.len())
            }
            _ if self.has_token => "opaque: it does not say what it allows".into(),
            _ => "none".into(),
        }
    }

    /// The least permissions for the actions, for both kinds of sign-in.
    fn least(&self) -> [(Kind, Least); 2] {
        [Kind::Application, Kind::Delegated]
            .map(|kind| (kind, least(self.actions.iter().map(|function| &function.action.permissions), kind)))
    }

    /// A failure, if one of the actions is known not to be allowed.
    fn all_allowed(&self) -> Result<(), CliError> {
        let denied = |function: &&&Function| {
            let verdict = self.grants.verdict(&function.action.permissions);
            matches!(verdict, Verdict::Missing(_) | Verdict::NotForKind(_))
        };
        let denied: Vec<&&Function> = self.actions.iter().filter(denied).collect();
        let Grants::Known { kind, permissions } = &self.grants else {
            return Ok(());
        };
        if denied.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = denied.iter().map(|function| function.action.name.as_str()).collect();
        let needed = least(denied.iter().map(|function| &function.action.permissions), *kind).permissions;
        let missing: Vec<String> = needed.difference(permissions).cloned().collect();
        let mut failure = Failure::default();
        failure.case = FailureCase::PermanentForbidden;
        failure.message = format!("the token does not allow {}", names.join(", "));
        failure.hint = Some(match (missing.is_empty(), kind) {
            (true, Kind::Application) => "these need a signed-in user: choose another kind of sign-in".into(),
            (true, Kind::Delegated) => {
                "these need an application of its own: choose another kind of sign-in".into()
            }
            (false, _) => format!(
                "grant the application the {} permissions {}, and have an administrator consent",
                kind.name(),
                missing.join(", ")
            ),
        });
        failure.missing_roles = missing;
        Err(CliError::Call(CallError::Failed(Box::new(failure))))
    }
}

/// The functions that are named, or all actions. A trigger's name stands for its functions.
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

/// A read that needs nothing, asked for a single thing if it can be. Stable actions first.
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

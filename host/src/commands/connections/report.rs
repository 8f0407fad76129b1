//! The results of a test of a connection, for people and for programs.

use std::time::Duration;

use connector_host::clock::{Clock as _, SystemClock, Timestamp};
use connector_host::permissions::{Audience, Grants, Kind, Least, Statement, Verdict, least};
use connector_host::{CallError, Connection, Failure, FailureCase, Function};
use serde_json::{Value, json};

use crate::error::CliError;
use crate::output;

/// The results to report.
pub(super) struct Report<'a> {
    pub(super) connection: &'a Connection,
    /// How long the sign-in took.
    pub(super) signed_in: Duration,
    pub(super) has_token: bool,
    /// What the token says about itself.
    pub(super) statement: Statement,
    /// Whom the token is for, according to its statement.
    pub(super) audience: Audience,
    pub(super) read: Result<Option<Read<'a>>, CallError>,
    pub(super) actions: Vec<&'a Function>,
}

/// A read that succeeded.
pub(super) struct Read<'a> {
    pub(super) action: &'a str,
    pub(super) took: Duration,
}

impl Report<'_> {
    pub(super) fn print(&self, least_too: bool) -> Result<(), CliError> {
        let profile = self.connection.profile();
        let sign_in = format!("ok, {} in {} ms", profile.auth().kind(), millis(self.signed_in));
        let read = match &self.read {
            Ok(Some(read)) => format!("ok, {} in {} ms", read.action, millis(read.took)),
            Ok(None) => "not tried: the token allows no action that reads without parameters".into(),
            Err(error) => format!("failed: {error}"),
        };
        let rows = [
            ("connection", Some(profile.name().to_owned())),
            ("api", Some(profile.api_url().to_string())),
            ("sign-in", Some(sign_in)),
            ("token", Some(self.token())),
            ("audience", self.told_audience()),
            ("expires", self.told_end()),
            ("read", Some(read)),
        ];
        let rows = rows.into_iter().filter_map(|(what, how)| Some(vec![what.to_owned(), how?]));
        output::listing(&["CHECK", "RESULT"], rows.collect())?;
        output::line("")?;
        let rows = self.actions.iter().map(|function| {
            let (allowed, missing) = match self.statement.grants.verdict(&function.action.permissions) {
                _ if self.audience == Audience::Foreign => ("no", "a token for this API".into()),
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

    pub(super) fn document(&self, least_too: bool) -> Value {
        let profile = self.connection.profile();
        let read = self.read.as_ref().ok().and_then(Option::as_ref);
        let (kind, permissions) = match &self.statement.grants {
            Grants::Known { kind, permissions } => (kind.name(), json!(permissions)),
            _ if self.has_token => ("opaque", Value::Null),
            _ => ("none", Value::Null),
        };
        let actions = self.actions.iter().map(|function| {
            let needs = &function.action.permissions;
            let (allowed, missing) = match self.statement.grants.verdict(needs) {
                _ if self.audience == Audience::Foreign => (Value::Bool(false), &[][..]),
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
        let Statement { audiences, expires, .. } = &self.statement;
        if !audiences.is_empty() {
            document["token"]["audiences"] = json!(audiences);
            document["token"]["audienceIsTheApis"] = match self.audience {
                Audience::Own => true.into(),
                Audience::Asked | Audience::Foreign => false.into(),
                _ => Value::Null,
            };
        }
        if let Some(expires) = expires {
            document["token"]["expires"] = json!(time(*expires));
        }
        if least_too {
            let least = self.least().map(|(kind, least)| (kind.name().to_owned(), json!(least.permissions)));
            document["leastPermissions"] = Value::Object(least.into_iter().collect());
        }
        document
    }

    fn token(&self) -> String {
        match &self.statement.grants {
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

    fn told_audience(&self) -> Option<String> {
        let audiences = self.statement.audiences.join(", ");
        // A cell may be cut at its end.
        let note = match self.audience {
            _ if audiences.is_empty() => return None,
            Audience::Own => "",
            Audience::Foreign => "another API's: ",
            Audience::Asked => "unknown to the connector: ",
            _ => "not judged: ",
        };
        Some(format!("{note}{audiences}"))
    }

    fn told_end(&self) -> Option<String> {
        let expires = self.statement.expires?;
        let left = expires.since(SystemClock.now());
        let note = match left.as_secs() {
            0 => "it has expired, by this machine's clock".to_owned(),
            seconds @ 1..=119 => format!("in {seconds} s"),
            seconds => format!("in {} minutes", seconds / 60),
        };
        Some(format!("{}: {note}", time(expires)))
    }

    /// Fails if the token is for another API. If the connection's own scope asks for that audience and the
    /// API accepts it, it is not a mistake.
    pub(super) fn is_for_the_api(&self) -> Result<(), CliError> {
        let is_read = matches!(self.read, Ok(Some(_)));
        let asked = match self.audience {
            Audience::Foreign => false,
            Audience::Asked if !is_read => true,
            _ => return Ok(()),
        };
        let manifest = self.connection.connector().manifest();
        let audiences = self.statement.audiences.join(", ");
        let hint = if asked {
            "leave `scope` out of the connection's `auth`, or set it to the API's own".to_owned()
        } else {
            format!(
                "obtain one for the API's own resource: {}",
                manifest.audiences.first().map_or("the API's documentation names it", String::as_str)
            )
        };
        let message =
            format!("the token is for {audiences}, and not for {}", self.connection.profile().api_url());
        Err(unauthorized(message, hint))
    }

    /// Fails if the token has expired, unless only this machine's clock says so.
    pub(super) fn is_in_time(&self) -> Result<(), CliError> {
        match self.statement.expires {
            Some(expires) if expires <= SystemClock.now() && !matches!(self.read, Ok(Some(_))) => {
                Err(unauthorized(
                    format!("the token expired at {}", time(expires)),
                    "obtain a new one; if it is new, set this machine's clock".to_owned(),
                ))
            }
            _ => Ok(()),
        }
    }

    /// The least permissions for the actions, for both kinds of sign-in.
    fn least(&self) -> [(Kind, Least); 2] {
        [Kind::Application, Kind::Delegated]
            .map(|kind| (kind, least(self.actions.iter().map(|function| &function.action.permissions), kind)))
    }

    /// Fails if one of the actions is known to be forbidden.
    pub(super) fn all_allowed(&self) -> Result<(), CliError> {
        let denied = |function: &&&Function| {
            let verdict = self.statement.grants.verdict(&function.action.permissions);
            matches!(verdict, Verdict::Missing(_) | Verdict::NotForKind(_))
        };
        let denied: Vec<&&Function> = self.actions.iter().filter(denied).collect();
        let Grants::Known { kind, permissions } = &self.statement.grants else {
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
            )
            .into(),
        });
        failure.missing_roles = missing;
        Err(CallError::Failed(Box::new(failure)).into())
    }
}

fn unauthorized(message: String, hint: String) -> CliError {
    let mut failure = Failure::default();
    failure.case = FailureCase::PermanentUnauthorized;
    failure.message = message;
    failure.hint = Some(hint.into());
    CallError::Failed(Box::new(failure)).into()
}

/// Formats a time for people and programs, to the second.
fn time(timestamp: Timestamp) -> String {
    jiff::Timestamp::from_second(timestamp.as_micros() / 1_000_000)
        .map_or_else(|_| "a time that no calendar has".to_owned(), |time| time.to_string())
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! Operations, and the paths that lead to them.

use http::Method;

use super::catalogue::SPECS;
use crate::server::limits::OwnLimit;

/// An operation of the API, named by the connector's operation id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operation {
    CancelSingleMachineAction,
    CollectInvestigationPackage,
    GetInvestigationPackageUri,
    GetInvestigations,
    GetMachineActions,
    GetLiveResponseDownloadLink,
    GetSingleInvestigation,
    GetSingleMachineAction,
    InitiateInvestigation,
    IsolateMachine,
    UnrestrictAppExecution,
    RestrictAppExecution,
    RunAntivirusScan,
    RunLiveResponse,
    StartInvestigation,
    UnisolateMachine,
    AdvancedHunting,
    AdvancedHuntingSchema,
    CreateAlertByReference,
    GetAlerts,
    GetSingleAlert,
    PatchAlert,
    GetDomainStats,
    GetFileStats,
    GetIpStats,
    GetMachines,
    GetSingleMachine,
    MachineTag,
    GetRemediationActivityMachineList,
    GetRemediationActivities,
    OnNewRemediationActivity,
    GetSingleRemediationActivity,
    CreateWebHook,
    DeleteWebHook,
}

/// The properties of an operation.
#[derive(Debug)]
pub(crate) struct Spec {
    pub(crate) operation: Operation,
    /// The connector's operation id.
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(super) base: Base,
    pub(super) path: &'static [Segment],
    /// The application roles, any one of which suffices.
    pub(crate) roles: &'static [&'static str],
    /// The operation's own limits, in addition to those over all operations.
    pub(crate) limits: &'static [OwnLimit],
    pub(crate) query: &'static [&'static str],
}

/// The prefix of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// `/api` or `/api/v1.0`.
    Api,
    /// No prefix: the connector's own backend serves these operations, not the public API.
    Backend,
}

/// One segment of a path.
#[derive(Clone, Copy, Debug)]
pub(super) enum Segment {
    Fixed(&'static str),
    Id,
    /// An OData function: its name, and the name of its only argument.
    Function(&'static str, &'static str),
}

/// The values that a path holds besides the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The id, still encoded.
    pub(crate) id: String,
    /// The argument of an OData function, still encoded.
    pub(crate) argument: String,
}

/// Finds the operation for a method and an undecoded path, with or without a trailing slash. The error holds
/// the methods that the path accepts, if any.
pub(crate) fn find(method: &Method, path: &str) -> Result<(&'static Spec, Arguments), Option<&'static str>> {
    let (base, rest) = split(path).ok_or(None)?;
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let mut allowed = None;
    for spec in SPECS.iter().filter(|spec| spec.base == base) {
        if let Some(arguments) = fits(spec.path, rest) {
            if spec.method == *method {
                return Ok((spec, arguments));
            }
            allowed = match (allowed, &spec.method) {
                (None, &Method::GET) => Some("GET"),
                (None, &Method::POST) => Some("POST"),
                (None, &Method::PATCH) => Some("PATCH"),
                (None, &Method::DELETE) => Some("DELETE"),
                (Some("GET"), &Method::PATCH) | (Some("PATCH"), &Method::GET) => Some("GET, PATCH"),
                (earlier, _) => earlier,
            };
        }
    }
    Err(allowed)
}

/// Splits a path into its prefix and the rest after the prefix's slash.
fn split(path: &str) -> Option<(Base, &str)> {
    let rest = path.strip_prefix('/')?;
    let Some((first, after)) = rest.split_once('/') else {
        return Some((Base::Backend, rest));
    };
    if !first.eq_ignore_ascii_case("api") {
        return Some((Base::Backend, rest));
    }
    Some(match after.split_once('/') {
        Some((version, after)) if version.eq_ignore_ascii_case("v1.0") => (Base::Api, after),
        _ => (Base::Api, after),
    })
}

fn fits(template: &[Segment], path: &str) -> Option<Arguments> {
    let mut arguments = Arguments::default();
    let mut segments = path.split('/');
    for expected in template {
        let segment = segments.next()?;
        match expected {
            Segment::Fixed(text) => segment.eq_ignore_ascii_case(text).then_some(())?,
            Segment::Id if segment.is_empty() => return None,
            Segment::Id => segment.clone_into(&mut arguments.id),
            Segment::Function(name, argument) => {
                let (called, rest) = segment.split_once('(')?;
                let (named, value) = rest.strip_suffix(')')?.split_once('=')?;
                (called.eq_ignore_ascii_case(name) && named.eq_ignore_ascii_case(argument)).then_some(())?;
                value.clone_into(&mut arguments.argument);
            }
        }
    }
    segments.next().is_none().then_some(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(method: Method, path: &str) -> Option<&'static str> {
        find(&method, path).ok().map(|(spec, _)| spec.name)
    }

    #[test]
    fn finds_operations_whatever_the_letter_case() {
        assert_eq!(name(Method::GET, "/api/Alerts"), Some("GetAlerts"));
        assert_eq!(name(Method::GET, "/API/v1.0/remediationTasks"), Some("GetRemediationActivities"));
        assert_eq!(name(Method::POST, "/api/machines/m/isolate"), Some("IsolateMachine"));
        assert_eq!(name(Method::GET, "/api/alerts/"), Some("GetAlerts"));
        assert_eq!(name(Method::GET, "/api/alerts/x/"), Some("GetSingleAlert"));
        assert_eq!(name(Method::DELETE, "/subscriptions/s"), Some("WebHooks_DeleteWebHook"));
        let (spec, arguments) =
            find(&Method::GET, "/api/machineactions/a%2Fb/GetLiveResponseResultDownloadLink(index=3)")
                .unwrap();
        assert_eq!(spec.name, "GetLiveResponseDownloadLink");
        assert_eq!((arguments.id.as_str(), arguments.argument.as_str()), ("a%2Fb", "3"));
    }

    #[test]
    fn knows_no_others() {
        for path in ["", "/", "/api", "/api/", "/api/alerts//", "/api/alerts/x/y", "/api//alerts", "/alerts"]
        {
            assert_eq!(find(&Method::GET, path).err(), Some(None), "{path}");
        }
        assert_eq!(find(&Method::PUT, "/api/alerts/x").err(), Some(Some("GET, PATCH")));
        assert_eq!(find(&Method::GET, "/api/machines/m/isolate").err(), Some(Some("POST")));
    }
}

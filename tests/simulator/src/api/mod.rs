//! The API itself, from the target of a request to its reply.

mod alerts;
mod body;
mod call;
mod catalogue;
mod downloads;
mod hunting;
mod investigations;
mod lenient;
mod live_response;
mod machine_actions;
mod machines;
mod operation;
pub(crate) mod query;
mod remediation;
mod statistics;
mod subscriptions;

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::request::Parts;

use self::call::Call;
pub use self::catalogue::ALL_ROLES;
pub(crate) use self::lenient::notes;
pub(crate) use self::operation::Operation;
use self::operation::{Arguments, Spec};
use crate::server::refusal::Refusal;
use crate::server::reply::Reply;
use crate::simulation::Simulation;

/// What a request is meant for.
#[derive(Debug)]
pub(crate) enum Target {
    Operation(&'static Spec, Arguments),
    /// A file behind a link that the API has returned.
    Download,
    /// A known path with a method that it does not accept.
    WrongMethod(&'static str),
    Unknown,
}

impl Target {
    pub(crate) fn of(method: &Method, path: &str) -> Self {
        if downloads::is_download(path) {
            return Self::Download;
        }
        match operation::find(method, path) {
            Ok((spec, arguments)) => Self::Operation(spec, arguments),
            Err(Some(allowed)) => Self::WrongMethod(allowed),
            Err(None) => Self::Unknown,
        }
    }

    /// The name that the log and the faults use.
    pub(crate) fn name(&self) -> Option<&'static str> {
        match self {
            Self::Operation(spec, _) => Some(spec.name),
            Self::Download => Some("Download"),
            Self::WrongMethod(_) | Self::Unknown => None,
        }
    }
}

/// Answers a request that arrived at `arrived`, by the time that only grows.
pub(crate) fn answer(
    simulation: &Simulation,
    target: &Target,
    parts: &Parts,
    body: &Bytes,
    arrived: Duration,
) -> Reply {
    let reply = match target {
        Target::Download => downloads::answer(simulation, parts),
        Target::Operation(spec, arguments) => operate(simulation, spec, arguments, parts, body, arrived),
        Target::WrongMethod(allowed) => authorised(simulation, parts)
            .and_then(|()| Err(Refusal::Method { method: parts.method.clone(), allowed })),
        Target::Unknown => {
            authorised(simulation, parts).and_then(|()| Err(Refusal::NoSuchPath(parts.uri.path().to_owned())))
        }
    };
    reply.unwrap_or_else(|refusal| refusal.reply(&simulation.identity.tenant_id))
}

/// Checks the token, then the quota, then the roles, and then the request itself, in the API's order.
fn operate(
    simulation: &Simulation,
    spec: &'static Spec,
    arguments: &Arguments,
    parts: &Parts,
    body: &Bytes,
    arrived: Duration,
) -> Result<Reply, Refusal> {
    let grant = simulation.tokens.verify(&parts.headers, simulation.clock.now())?;
    simulation.limits.admit(spec.name, spec.limits, arrived).map_err(Refusal::Throttled)?;
    if !grant.roles.iter().any(|role| spec.roles.contains(&role.as_str())) {
        return Err(Refusal::MissingRoles { required: spec.roles, held: grant.roles.to_vec() });
    }
    let call = Call::new(simulation, spec, arguments, parts, body)?;
    dispatch(&call)
}

fn authorised(simulation: &Simulation, parts: &Parts) -> Result<(), Refusal> {
    simulation.tokens.verify(&parts.headers, simulation.clock.now()).map(drop)
}

fn dispatch(call: &Call<'_>) -> Result<Reply, Refusal> {
    match call.operation {
        Operation::GetAlerts => alerts::list(call),
        Operation::GetSingleAlert => alerts::single(call),
        Operation::PatchAlert => alerts::update(call),
        Operation::CreateAlertByReference => alerts::create(call),
        Operation::GetMachines => machines::list(call),
        Operation::GetSingleMachine => machines::single(call),
        Operation::MachineTag => machines::tag(call),
        Operation::IsolateMachine => machine_actions::isolate(call),
        Operation::UnisolateMachine => machine_actions::unisolate(call),
        Operation::RestrictAppExecution => machine_actions::restrict(call),
        Operation::UnrestrictAppExecution => machine_actions::unrestrict(call),
        Operation::RunAntivirusScan => machine_actions::scan(call),
        Operation::CollectInvestigationPackage => machine_actions::collect(call),
        Operation::GetMachineActions => machine_actions::list(call),
        Operation::GetSingleMachineAction => machine_actions::single(call),
        Operation::CancelSingleMachineAction => machine_actions::cancel(call),
        Operation::GetInvestigationPackageUri => machine_actions::package_uri(call),
        Operation::RunLiveResponse => live_response::run(call),
        Operation::GetLiveResponseDownloadLink => live_response::result_link(call),
        Operation::GetInvestigations => investigations::list(call),
        Operation::GetSingleInvestigation => investigations::single(call),
        Operation::InitiateInvestigation => investigations::initiate(call),
        Operation::StartInvestigation => investigations::start(call),
        Operation::AdvancedHunting => hunting::run(call),
        Operation::AdvancedHuntingSchema => hunting::schema(call),
        Operation::GetDomainStats => statistics::domain(call),
        Operation::GetFileStats => statistics::file(call),
        Operation::GetIpStats => statistics::ip(call),
        Operation::GetRemediationActivities | Operation::OnNewRemediationActivity => remediation::list(call),
        Operation::GetSingleRemediationActivity => remediation::single(call),
        Operation::GetRemediationActivityMachineList => remediation::machines(call),
        Operation::CreateWebHook => subscriptions::create(call),
        Operation::DeleteWebHook => subscriptions::delete(call),
    }
}

//! Statistics of files, domains and addresses.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;
use url::Host;

use super::call::Call;
use crate::model::statistics::{DomainStats, FileStats, InOrganisation, IpStats, Worldwide};
use crate::server::refusal::Refusal;
use crate::server::reply::{Reply, to_json};

/// An unknown file is an error (not found), unlike an unknown domain or address.
pub(super) fn file(call: &Call<'_>) -> Result<Reply, Refusal> {
    let look_back = look_back(call)?;
    let hash = call.id.to_ascii_lowercase();
    let is_hash = matches!(hash.len(), 40 | 64) && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_hash {
        return Err(Refusal::InvalidHash(call.id.clone()));
    }
    let organisation = call.organisation();
    let known = organisation.files.iter().find(|file| file.sha1 == hash || file.sha256 == hash);
    let known = known.ok_or_else(|| Refusal::not_found("File", &call.id))?;
    let stats = FileStats {
        sha1: known.sha1,
        organisation: InOrganisation::within(Some(known.sightings), call.now, look_back),
        worldwide: Worldwide::from(known.worldwide),
        top_file_names: known.names,
    };
    Ok(reply(call, "InOrgFileStats", &stats))
}

pub(super) fn domain(call: &Call<'_>) -> Result<Reply, Refusal> {
    let look_back = look_back(call)?;
    if !call.id.contains('.') || !matches!(Host::parse(&call.id), Ok(Host::Domain(_))) {
        return Err(Refusal::InvalidDomain(call.id.clone()));
    }
    let organisation = call.organisation();
    let known = organisation.domains.iter().find(|domain| domain.host.eq_ignore_ascii_case(&call.id));
    let sightings = known.map(|domain| domain.sightings);
    let organisation = InOrganisation::within(sightings, call.now, look_back);
    Ok(reply(call, "InOrgDomainStats", &DomainStats { host: &call.id, organisation }))
}

pub(super) fn ip(call: &Call<'_>) -> Result<Reply, Refusal> {
    let look_back = look_back(call)?;
    let address: IpAddr = call.id.parse().map_err(|_| Refusal::InvalidIp(call.id.clone()))?;
    let organisation = call.organisation();
    let known = organisation.addresses.iter().find(|known| known.address == address);
    let sightings = known.map(|known| known.sightings);
    let organisation = InOrganisation::within(sightings, call.now, look_back);
    Ok(reply(call, "InOrgIPStats", &IpStats { ip_address: &call.id, organisation }))
}

/// How far to look back: the hours given, or 30 days.
fn look_back(call: &Call<'_>) -> Result<Duration, Refusal> {
    let hours = match call.query.value("lookBackHours") {
        None => MAX_HOURS,
        Some(text) => text.parse().ok().filter(|hours| (1..=MAX_HOURS).contains(hours)).ok_or_else(|| {
            Refusal::InvalidInput(format!("lookBackHours must be between 1 and {MAX_HOURS}"))
        })?,
    };
    Ok(Duration::from_hours(hours))
}

const MAX_HOURS: u64 = 720;

fn reply(call: &Call<'_>, kind: &str, stats: &impl Serialize) -> Reply {
    let context = format!("{}/api/$metadata#microsoft.windowsDefenderATP.api.{kind}", call.origin());
    let mut out = format!("{{\"@odata.context\":\"{context}\",").into_bytes();
    // The context replaces the object's own opening brace.
    out.extend(to_json(stats).into_iter().skip(1));
    Reply::odata(http::StatusCode::OK, out)
}

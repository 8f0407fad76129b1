//! How often a file, a domain or an address was seen.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use crate::moment::Moment;

/// What the organisation has seen of a file, a domain or an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sightings {
    pub(crate) machines: i64,
    pub(crate) first: Moment,
    pub(crate) last: Moment,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownFile {
    pub(crate) sha1: &'static str,
    pub(crate) sha256: &'static str,
    pub(crate) names: &'static [&'static str],
    pub(crate) sightings: Sightings,
    /// The sightings in all organisations together.
    pub(crate) worldwide: Sightings,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownDomain {
    pub(crate) host: &'static str,
    pub(crate) sightings: Sightings,
}

#[derive(Clone, Debug)]
pub(crate) struct KnownAddress {
    pub(crate) address: IpAddr,
    pub(crate) sightings: Sightings,
}

/// The organisation's part of a reply. As in the API, each count also appears as a string.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InOrganisation {
    org_prevalence: String,
    organization_prevalence: i64,
    org_first_seen: Option<Moment>,
    org_last_seen: Option<Moment>,
}

/// The worldwide part of a reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Worldwide {
    global_prevalence: String,
    globally_prevalence: i64,
    global_first_observed: Option<Moment>,
    global_last_observed: Option<Moment>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FileStats {
    pub(crate) sha1: &'static str,
    #[serde(flatten)]
    pub(crate) organisation: InOrganisation,
    #[serde(flatten)]
    pub(crate) worldwide: Worldwide,
    pub(crate) top_file_names: &'static [&'static str],
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DomainStats<'a> {
    pub(crate) host: &'a str,
    #[serde(flatten)]
    pub(crate) organisation: InOrganisation,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IpStats<'a> {
    pub(crate) ip_address: &'a str,
    #[serde(flatten)]
    pub(crate) organisation: InOrganisation,
}

impl InOrganisation {
    /// What was seen within `look_back` before `now`. Nothing if the last sighting is older.
    pub(crate) fn within(sightings: Option<Sightings>, now: Moment, look_back: Duration) -> Self {
        let recent = sightings.filter(|sightings| sightings.last >= now.before(look_back));
        let machines = recent.map_or(0, |sightings| sightings.machines);
        Self {
            org_prevalence: machines.to_string(),
            organization_prevalence: machines,
            org_first_seen: recent.map(|sightings| sightings.first),
            org_last_seen: recent.map(|sightings| sightings.last),
        }
    }
}

impl From<Sightings> for Worldwide {
    fn from(sightings: Sightings) -> Self {
        Self {
            global_prevalence: sightings.machines.to_string(),
            globally_prevalence: sightings.machines,
            global_first_observed: Some(sightings.first),
            global_last_observed: Some(sightings.last),
        }
    }
}

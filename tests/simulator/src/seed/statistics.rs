//! Files, domains and addresses that the organisation has seen.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Past, days, hours, minutes, names};
use crate::model::statistics::{KnownAddress, KnownDomain, KnownFile, Sightings};

pub(super) fn files(past: Past) -> Vec<KnownFile> {
    vec![
        KnownFile {
            sha1: names::FILE_SHA1,
            sha256: names::FILE_SHA256,
            names: &["updater.exe", "svch0st.exe"],
            sightings: Sightings { machines: 3, first: past.at(days(6), 0), last: past.at(hours(3), 0) },
            worldwide: Sightings {
                machines: 41,
                first: past.at(days(9), 3_432_441),
                last: past.at(minutes(50), 0),
            },
        },
        KnownFile {
            sha1: names::COMMON_FILE_SHA1,
            sha256: names::COMMON_FILE_SHA256,
            names: &["powershell.exe"],
            sightings: Sightings { machines: 11, first: past.at(days(900), 0), last: past.at(minutes(5), 0) },
            // Larger than a double can hold exactly: readers must keep all 64 bits.
            worldwide: Sightings {
                machines: 9_007_199_254_740_993,
                first: past.at(days(3000), 1_000_000),
                last: past.at(minutes(1), 0),
            },
        },
    ]
}

pub(super) fn domains(past: Past) -> Vec<KnownDomain> {
    vec![
        KnownDomain {
            host: names::DOMAIN,
            sightings: Sightings { machines: 2, first: past.at(days(5), 0), last: past.at(hours(2), 0) },
        },
        KnownDomain {
            host: names::STALE_DOMAIN,
            sightings: Sightings { machines: 4, first: past.at(days(120), 0), last: past.at(days(14), 0) },
        },
    ]
}

pub(super) fn addresses(past: Past) -> Vec<KnownAddress> {
    let sightings = |machines| Sightings {
        machines,
        first: past.at(days(5), 1_234_567),
        last: past.at(hours(2), 9_233_319),
    };
    let six = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0x8a2e, 0x370, 0x7334);
    vec![
        KnownAddress { address: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)), sightings: sightings(2) },
        KnownAddress { address: IpAddr::V6(six), sightings: sightings(1) },
    ]
}

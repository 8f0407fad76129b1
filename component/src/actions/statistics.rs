//! How common a domain, a file or an IP address is in the organisation.

use crate::Connector;
use crate::bindings::exports::defender::atp::statistics::{DomainStats, FileStats, Guest, IpStats};
use crate::call::call;
use crate::contract::Operation;
use crate::failure::Failure;
use crate::prelude::*;
use crate::request::{Draft, get};

/// The default look-back. The API's own default is 30 days, but the published connector says 24 hours.
const LOOK_BACK_HOURS: u32 = 24;

impl Guest for Connector {
    fn get_domain_statistics(
        domain_name: String,
        look_back_hours: Option<u32>,
    ) -> Result<DomainStats, Failure> {
        let domain = get(Operation::GetDomainStatistics, "/api/domains").id("domain-name", &domain_name);
        call(statistics(domain, look_back_hours))
    }

    fn get_file_statistics(file_id: String, look_back_hours: Option<u32>) -> Result<FileStats, Failure> {
        let file = get(Operation::GetFileStatistics, "/api/files").id("file-id", &file_id);
        call(statistics(file, look_back_hours))
    }

    fn get_ip_statistics(ip_address: String, look_back_hours: Option<u32>) -> Result<IpStats, Failure> {
        let address = get(Operation::GetIpStatistics, "/api/ips").id("ip-address", &ip_address);
        call(statistics(address, look_back_hours))
    }
}

fn statistics(of: Draft, look_back_hours: Option<u32>) -> Draft {
    of.to("stats").query("lookBackHours", look_back_hours.unwrap_or(LOOK_BACK_HOURS))
}

//! Generates additional machines and alerts, the same every time.

use super::{alerts, days, machines};
use crate::model::Organisation;
use crate::moment::Moment;
use crate::options::Population;

/// Adds `population` to the organisation. Alerts are spread over the last 30 days, and every tenth has the
/// same creation time as the one before.
pub(super) fn populate(organisation: &mut Organisation, now: Moment, population: Population) {
    for number in 0..population.machines.min(MOST) {
        organisation.put_machine(machines::generated(hexadecimal(number), number, now));
    }
    let hosts: Vec<_> = organisation.machines().map(|row| row.machine.clone()).collect();
    let tenant_id = organisation.tenant_id.clone();
    let span = days(30) / u32::try_from(population.alerts.max(1)).unwrap_or(u32::MAX);
    for number in 0..population.alerts.min(MOST) {
        let step = if number % 10 == 9 { number - 1 } else { number };
        let created = now.before(span.saturating_mul(u32::try_from(step).unwrap_or(u32::MAX)));
        let suffix = i32::from_ne_bytes((mix(number as u64) as u32).to_ne_bytes());
        let id = format!("da{}_{suffix}", created.dotnet_ticks());
        let Some(machine) = hosts.get(number % hosts.len().max(1)) else {
            return;
        };
        organisation.put_alert(alerts::generated(&id, number, created, machine, &tenant_id), created);
    }
}

/// The most machines and the most alerts to generate, however many are requested.
const MOST: usize = 1_000_000;

/// 40 hexadecimal digits that look like a device id.
fn hexadecimal(number: usize) -> String {
    let seed = number as u64;
    format!("{:016x}{:016x}{:08x}", mix(seed), mix(seed ^ 0x5EED), mix(seed ^ 0xD1CE) as u32)
}

/// The finaliser of SplitMix64, which makes neighbouring numbers look unrelated.
const fn mix(number: u64) -> u64 {
    let mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

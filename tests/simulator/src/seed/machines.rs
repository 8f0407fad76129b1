//! Twelve machines.

use std::time::Duration;

use serde_json::json;

use super::names::{self, SeededMachine};
use super::platforms::{
    MAC_OS, Platform, RED_HAT, SERVER_2016, SERVER_2019, SERVER_2022, UBUNTU, WINDOWS_10, WINDOWS_11,
    WINDOWS_11_24H2,
};
use super::{Past, days, hours, minutes};
use crate::model::machine::{IpInterface, Machine, MachineRow};
use crate::moment::Moment;

pub(super) fn all(past: Past) -> Vec<MachineRow> {
    let desktop = Machine {
        risk_score: "High".to_owned(),
        exposure_level: "High".to_owned(),
        machine_tags: vec!["finance".to_owned(), "tier-1".to_owned()],
        device_value: "High".to_owned(),
        aad_device_id: Some("d78dc223-8dc8-4f1e-9a5b-8f56de03505b".to_owned()),
        is_aad_joined: Some(true),
        ip_addresses: vec![
            interface("10.20.0.14", Some("00005E0053A1"), "Ethernet", "Up"),
            interface("fe80::5c1f:9a02:71b3:14", Some("00005E0053A1"), "Ethernet", "Up"),
            interface("", Some("00005E0053A2"), "Wireless80211", "Down"),
            interface("127.0.0.1", None, "SoftwareLoopback", "Up"),
            interface("::1", None, "SoftwareLoopback", "Up"),
        ],
        ..machine(
            names::DESKTOP,
            &WINDOWS_11,
            "10.20.0.14",
            past.at(days(212), 5_717_001),
            past.at(minutes(42), 2_059_102),
        )
    };
    let desktop_2 = Machine {
        risk_score: "Medium".to_owned(),
        aad_device_id: Some("2f0e9c11-51c5-4b8e-b1d4-3d4c2a1f7e60".to_owned()),
        is_aad_joined: Some(true),
        machine_tags: vec!["finance".to_owned()],
        ..machine(
            names::DESKTOP_2,
            &WINDOWS_11_24H2,
            "10.20.0.27",
            past.at(days(91), 8_357_820),
            past.at(hours(3), 1_011_010),
        )
    };
    let laptop = Machine {
        risk_score: "Low".to_owned(),
        exposure_level: "Medium".to_owned(),
        aad_device_id: Some("80fe8ff8-2624-418e-9591-41f0491218f9".to_owned()),
        is_aad_joined: Some(true),
        machine_tags: vec!["sales".to_owned(), "it's travelling".to_owned()],
        ..machine(
            names::LAPTOP,
            &WINDOWS_10,
            "192.168.1.23",
            past.at(days(401), 0),
            past.at(hours(5), 523_130),
        )
    };
    let laptop_2 = Machine {
        risk_score: "Informational".to_owned(),
        is_potential_duplication: true,
        machine_tags: vec!["sales".to_owned()],
        ..machine(
            names::LAPTOP_2,
            &WINDOWS_10,
            "192.168.1.57",
            past.at(days(388), 3_456_195),
            past.at(hours(21), 1_809_040),
        )
    };
    let controller = Machine {
        exposure_level: "Medium".to_owned(),
        device_value: "High".to_owned(),
        machine_tags: vec!["tier-0".to_owned()],
        rbac_group_id: 140,
        rbac_group_name: Some("Servers".to_owned()),
        ..machine(
            names::DOMAIN_CONTROLLER,
            &SERVER_2022,
            "10.20.1.2",
            past.at(days(633), 9_412_922),
            past.at(minutes(17), 4_409_708),
        )
    };
    let web = Machine {
        risk_score: "Medium".to_owned(),
        exposure_level: "High".to_owned(),
        machine_tags: vec!["internet-facing".to_owned()],
        rbac_group_id: 140,
        rbac_group_name: Some("Servers".to_owned()),
        last_external_ip_address: Some("198.51.100.20".to_owned()),
        vm_metadata: Some(json!({
            "vmId": "b9e8f0a1-6f6e-4b53-9f1b-7a5d0c3e2f11",
            "cloudProvider": "Azure",
            "resourceId": "/subscriptions/0b1f6471-1bf0-4dda-aec3-cb9272f09590/resourceGroups/web/providers/\
                           Microsoft.Compute/virtualMachines/web01",
            "subscriptionId": "0b1f6471-1bf0-4dda-aec3-cb9272f09590"
        })),
        ..machine(
            names::WEB_SERVER,
            &SERVER_2019,
            "10.20.1.30",
            past.at(days(580), 1_000_000),
            past.at(hours(1), 7_616_877),
        )
    };
    let database = Machine {
        exposure_level: "High".to_owned(),
        device_value: "High".to_owned(),
        rbac_group_id: 140,
        rbac_group_name: Some("Servers".to_owned()),
        ..machine(
            names::DATABASE_SERVER,
            &SERVER_2016,
            "10.20.1.31",
            past.at(days(902), 20_000),
            past.at(hours(9), 7_611_800),
        )
    };
    let ubuntu = Machine {
        machine_tags: vec!["build".to_owned(), "linux".to_owned()],
        ..machine(
            names::UBUNTU,
            &UBUNTU,
            "10.20.2.40",
            past.at(days(45), 3_456_195),
            past.at(hours(2), 1_809_040),
        )
    };
    let red_hat = Machine {
        risk_score: "Low".to_owned(),
        machine_tags: vec!["build".to_owned(), "linux".to_owned()],
        ..machine(
            names::RED_HAT,
            &RED_HAT,
            "10.20.2.41",
            past.at(days(77), 8_357_820),
            past.at(hours(4), 1_011_010),
        )
    };
    let mac = Machine {
        is_aad_joined: None,
        machine_tags: vec!["design".to_owned()],
        ..machine(
            names::MAC,
            &MAC_OS,
            "192.168.1.80",
            past.at(days(130), 5_864_856),
            past.at(hours(6), 7_616_877),
        )
    };
    let kiosk = Machine {
        health_status: "Inactive".to_owned(),
        exposure_level: "Medium".to_owned(),
        is_excluded: true,
        exclusion_reason: Some("DuplicateDevice".to_owned()),
        defender_av_status: "Unknown".to_owned(),
        ..machine(
            names::OFFLINE,
            &WINDOWS_10,
            "10.20.3.3",
            past.at(days(700), 0),
            past.at(days(9), 3_000_000),
        )
    };
    let laboratory = Machine {
        health_status: "ImpairedCommunication".to_owned(),
        risk_score: "Low".to_owned(),
        machine_tags: vec!["lab".to_owned()],
        ..machine(
            names::FAILING,
            &WINDOWS_11,
            "10.20.9.7",
            past.at(days(30), 1_234_567),
            past.at(hours(30), 7_654_321),
        )
    };
    let behaviours = names::MACHINES.map(|machine| machine.behaviour);
    let machines = [
        desktop, desktop_2, laptop, laptop_2, controller, web, database, ubuntu, red_hat, mac, kiosk,
        laboratory,
    ];
    machines
        .into_iter()
        .zip(behaviours)
        .map(|(machine, behaviour)| MachineRow { machine, behaviour })
        .collect()
}

/// A healthy, onboarded machine without special properties.
fn machine(
    seeded: SeededMachine,
    platform: &Platform,
    ip: &str,
    first_seen: Moment,
    last_seen: Moment,
) -> Machine {
    Machine {
        id: seeded.id.to_owned(),
        merged_into_machine_id: None,
        is_potential_duplication: false,
        is_excluded: false,
        exclusion_reason: None,
        computer_dns_name: seeded.name.to_owned(),
        first_seen,
        last_seen,
        os_platform: platform.os.to_owned(),
        os_version: None,
        os_processor: if platform.os == "macOS" { "arm64" } else { "x64" }.to_owned(),
        version: platform.version.to_owned(),
        last_ip_address: Some(ip.to_owned()),
        last_external_ip_address: Some("203.0.113.9".to_owned()),
        agent_version: Some(platform.agent.to_owned()),
        os_build: platform.build,
        health_status: "Active".to_owned(),
        device_value: "Normal".to_owned(),
        rbac_group_id: 0,
        rbac_group_name: None,
        risk_score: "None".to_owned(),
        exposure_level: "Low".to_owned(),
        is_aad_joined: Some(false),
        aad_device_id: None,
        machine_tags: Vec::new(),
        defender_av_status: "Updated".to_owned(),
        onboarding_status: "Onboarded".to_owned(),
        os_architecture: "64-bit".to_owned(),
        managed_by: platform.managed_by.to_owned(),
        managed_by_status: if platform.managed_by == "Intune" { "Unknown" } else { "Success" }.to_owned(),
        ip_addresses: vec![interface(ip, Some("00005E0053FF"), "Ethernet", "Up")],
        vm_metadata: None,
    }
}

/// A generated machine with a number, otherwise without special properties.
pub(super) fn generated(id: String, number: usize, now: Moment) -> MachineRow {
    let seen = now.before(Duration::from_secs(number as u64 % 86_400));
    let plain = machine(names::DESKTOP_2, &WINDOWS_10, "10.60.0.1", now.before(days(60)), seen);
    let risk = ["None", "Low", "Medium", "High"].get(number % 4).copied().unwrap_or("None");
    let machine = Machine {
        id,
        computer_dns_name: format!("gen-{number:06}.contoso.com"),
        last_ip_address: Some(format!(
            "10.{}.{}.{}",
            64 + (number >> 16) % 64,
            (number >> 8) % 256,
            number % 256
        )),
        risk_score: risk.to_owned(),
        machine_tags: vec![format!("batch-{}", number % 10)],
        ..plain
    };
    MachineRow { machine, behaviour: crate::model::machine::Behaviour::Responds }
}

fn interface(ip_address: &str, mac_address: Option<&str>, kind: &str, status: &str) -> IpInterface {
    IpInterface {
        ip_address: ip_address.to_owned(),
        mac_address: mac_address.map(str::to_owned),
        kind: kind.to_owned(),
        operational_status: status.to_owned(),
    }
}

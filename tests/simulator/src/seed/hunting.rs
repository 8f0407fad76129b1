//! The tables of advanced hunting, consistent with the rest of the organisation.

use std::time::Duration;

use serde_json::json;

use super::names::{self, SeededMachine};
use super::{Past, hours, minutes};
use crate::hunting::{Cell, Table, Type};
use crate::model::Organisation;
use crate::model::machine::Machine;
use crate::moment::Moment;

pub(super) fn tables(organisation: &Organisation, past: Past) -> Vec<Table> {
    vec![
        device_info(organisation),
        processes(organisation, past),
        network(past),
        files(past),
        alerts(organisation),
        evidence(organisation),
    ]
}

fn device_info(organisation: &Organisation) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("DeviceId", Type::String),
        ("DeviceName", Type::String),
        ("OSPlatform", Type::String),
        ("OSVersion", Type::String),
        ("OSBuild", Type::Int64),
        ("PublicIP", Type::String),
        ("IsAzureADJoined", Type::SByte),
        ("ExposureScore", Type::Double),
        ("LoggedOnUsers", Type::Object),
        ("MachineGroup", Type::String),
    ];
    let row = |machine: &Machine| {
        let score = match machine.exposure_level.as_str() {
            "High" => 78.5,
            "Medium" => 42.25,
            _ => 11.0,
        };
        vec![
            Cell::Time(machine.last_seen),
            Cell::text(&machine.id),
            Cell::text(&machine.computer_dns_name),
            Cell::text(&machine.os_platform),
            Cell::text(&machine.version),
            machine.os_build.map_or(Cell::Null, Cell::Integer),
            Cell::opt_text(machine.last_external_ip_address.as_deref()),
            machine.is_aad_joined.map_or(Cell::Null, Cell::Boolean),
            Cell::Real(score),
            Cell::Dynamic(
                json!([{ "UserName": "anna", "DomainName": "CONTOSO", "Sid": "S-1-5-21-1004336348-1104" }]),
            ),
            Cell::opt_text(machine.rbac_group_name.as_deref()),
        ]
    };
    Table::new("DeviceInfo", &columns, organisation.machines().map(|machine| row(&machine.machine)).collect())
}

fn processes(organisation: &Organisation, past: Past) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("DeviceId", Type::String),
        ("DeviceName", Type::String),
        ("ActionType", Type::String),
        ("FileName", Type::String),
        ("FolderPath", Type::String),
        ("SHA1", Type::String),
        ("ProcessId", Type::Int64),
        ("ProcessCommandLine", Type::String),
        ("AccountName", Type::String),
        ("InitiatingProcessFileName", Type::String),
        ("ReportId", Type::Int64),
        ("AdditionalFields", Type::Object),
    ];
    let lines = [
        ("powershell.exe", "powershell.exe -nop -w hidden -enc SQBFAFgA", "explorer.exe", "anna"),
        (
            "updater.exe",
            "C:\\Users\\anna\\AppData\\Local\\Temp\\updater.exe --dump",
            "powershell.exe",
            "anna",
        ),
        ("cmd.exe", "cmd.exe /c whoami /all", "updater.exe", "bruno"),
        ("w3wp.exe", "w3wp.exe -ap \"DefaultAppPool\"", "svchost.exe", "svc-web"),
    ];
    // The events from which alerts can be created, each with its process.
    let events = organisation.events.iter().zip(lines);
    let mut rows: Vec<Vec<Cell>> = events
        .map(|(event, (file, line, parent, account))| {
            let report = event.report_id.parse().map_or(Cell::Null, Cell::Integer);
            process(event.time, machine(&event.machine_id), (file, line, parent, account), report)
        })
        .collect();
    let children =
        [("conhost.exe", 1), ("csc.exe", 2), ("net.exe", 3), ("rundll32.exe", 4), ("schtasks.exe", 5)];
    rows.extend(children.iter().map(|(file, number)| {
        let time = past.at(hours(3).saturating_sub(minutes(*number)), 7_664_356 + 101 * *number as u32);
        let line = format!("{file} C:\\Users\\anna\\AppData\\Roaming\\{number}.tmp");
        let about = (*file, line.as_str(), "powershell.exe", "anna");
        process(time, names::DESKTOP, about, Cell::Integer(20_776 + i64::try_from(*number).unwrap_or(0)))
    }));
    // Too old for a query over a week.
    let about = ("powershell.exe", "powershell.exe -File backup.ps1", "services.exe", "svc-backup");
    rows.push(process(past.at(hours(24 * 20), 1_000_000), names::DATABASE_SERVER, about, Cell::Integer(17)));
    Table::new("DeviceProcessEvents", &columns, rows)
}

fn process(time: Moment, machine: SeededMachine, about: (&str, &str, &str, &str), report: Cell) -> Vec<Cell> {
    let (file, line, parent, account) = about;
    vec![
        Cell::Time(time),
        Cell::text(machine.id),
        Cell::text(machine.name),
        Cell::text("ProcessCreated"),
        Cell::text(file),
        Cell::text(format!("C:\\Windows\\System32\\{file}")),
        Cell::opt_text((file == "updater.exe").then_some(names::FILE_SHA1)),
        Cell::Integer(4_000 + i64::try_from(line.len()).unwrap_or(0)),
        Cell::text(line),
        Cell::text(account),
        Cell::text(parent),
        report,
        Cell::Dynamic(json!({ "IntegrityLevel": "High", "Parents": [parent], "Signer": null })),
    ]
}

fn network(past: Past) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("DeviceId", Type::String),
        ("DeviceName", Type::String),
        ("ActionType", Type::String),
        ("RemoteIP", Type::String),
        ("RemotePort", Type::Int64),
        ("RemoteUrl", Type::String),
        ("BytesSent", Type::Int64),
        ("InitiatingProcessFileName", Type::String),
    ];
    let row = |ago: Duration, machine: SeededMachine, ip: &str, url: Option<&str>, bytes: i64| {
        vec![
            Cell::Time(past.at(ago, 9_233_319)),
            Cell::text(machine.id),
            Cell::text(machine.name),
            Cell::text("ConnectionSuccess"),
            Cell::text(ip),
            Cell::Integer(443),
            Cell::opt_text(url),
            Cell::Integer(bytes),
            Cell::text("updater.exe"),
        ]
    };
    let rows = vec![
        row(hours(2), names::DESKTOP, names::ADDRESS, Some(names::DOMAIN), 18_220),
        row(hours(2), names::DESKTOP_2, names::ADDRESS, Some(names::DOMAIN), 9_007_199_254_740_993),
        row(hours(4), names::LAPTOP, names::ADDRESS_V6, None, 0),
    ];
    Table::new("DeviceNetworkEvents", &columns, rows)
}

fn files(past: Past) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("DeviceId", Type::String),
        ("DeviceName", Type::String),
        ("ActionType", Type::String),
        ("FileName", Type::String),
        ("FolderPath", Type::String),
        ("SHA1", Type::String),
        ("SHA256", Type::String),
    ];
    let row = |machine: SeededMachine, minutes_ago: u64| {
        vec![
            Cell::Time(past.at(minutes(minutes_ago), 550_000)),
            Cell::text(machine.id),
            Cell::text(machine.name),
            Cell::text("FileCreated"),
            Cell::text("updater.exe"),
            Cell::text("C:\\Users\\anna\\AppData\\Local\\Temp"),
            Cell::text(names::FILE_SHA1),
            Cell::text(names::FILE_SHA256),
        ]
    };
    let rows = vec![row(names::DESKTOP, 190), row(names::DESKTOP_2, 185), row(names::LAPTOP, 1_600)];
    Table::new("DeviceFileEvents", &columns, rows)
}

fn alerts(organisation: &Organisation) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("AlertId", Type::String),
        ("Title", Type::String),
        ("Category", Type::String),
        ("Severity", Type::String),
        ("ServiceSource", Type::String),
        ("AttackTechniques", Type::String),
    ];
    let rows = organisation.alerts.iter().map(|row| {
        let alert = &row.alert;
        // Kusto's dynamic columns often contain JSON text.
        let techniques = if alert.mitre_techniques.is_empty() {
            Cell::Null
        } else {
            Cell::text(json!(alert.mitre_techniques).to_string())
        };
        vec![
            Cell::Time(alert.alert_creation_time),
            Cell::text(&alert.id),
            Cell::text(&alert.title),
            Cell::opt_text(alert.category.as_deref()),
            Cell::text(&alert.severity),
            Cell::text("Microsoft Defender for Endpoint"),
            techniques,
        ]
    });
    Table::new("AlertInfo", &columns, rows.collect())
}

fn evidence(organisation: &Organisation) -> Table {
    let columns = [
        ("Timestamp", Type::DateTime),
        ("AlertId", Type::String),
        ("EntityType", Type::String),
        ("DeviceId", Type::String),
        ("FileName", Type::String),
        ("RemoteIP", Type::String),
        ("RemoteUrl", Type::String),
        ("AccountName", Type::String),
    ];
    let rows = organisation.alerts.iter().flat_map(|row| {
        row.alert.evidence.iter().map(|evidence| {
            vec![
                Cell::Time(evidence.evidence_creation_time),
                Cell::text(&row.alert.id),
                Cell::text(&evidence.entity_type),
                Cell::text(&row.alert.machine_id),
                Cell::opt_text(evidence.file_name.as_deref()),
                Cell::opt_text(evidence.ip_address.as_deref()),
                Cell::opt_text(evidence.url.as_deref()),
                Cell::opt_text(evidence.account_name.as_deref()),
            ]
        })
    });
    Table::new("AlertEvidence", &columns, rows.collect())
}

fn machine(id: &str) -> SeededMachine {
    names::MACHINES.iter().find(|machine| machine.id == id).copied().unwrap_or(names::DESKTOP)
}

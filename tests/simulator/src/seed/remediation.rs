//! Four remediation activities.

use super::names::{self, SeededMachine};
use super::{Past, days, hours};
use crate::model::Organisation;
use crate::model::remediation::{Activity, ActivityRow, MachineReference};
use crate::moment::Moment;

pub(super) fn all(past: Past, organisation: &Organisation) -> Vec<ActivityRow> {
    let row = |activity, machines: &[SeededMachine]| {
        let rows = machines.iter().filter_map(|machine| organisation.machine(machine.id));
        ActivityRow { activity, machines: rows.map(|row| MachineReference::from(&row.machine)).collect() }
    };
    let windows = [names::DESKTOP, names::DESKTOP_2, names::LAPTOP, names::LAPTOP_2];
    let newest = Activity {
        priority: "High".to_owned(),
        requester_notes: Some("before the audit".to_owned()),
        ..activity(0, "Update Microsoft Silverlight", past.at(hours(20), 4_718_166), windows.len())
    };
    let uninstall = Activity {
        kind: "Uninstall".to_owned(),
        due_on: None,
        rbac_group_names: None,
        recommendation_reference: None,
        ..activity(1, "Uninstall Contoso Legacy Viewer", past.at(days(4), 9_000_000), 2)
    };
    let configuration = Activity {
        kind: "ConfigurationChange".to_owned(),
        category: "SecurityConfiguration".to_owned(),
        productivity_impact_remediation_type: Some("NonImpactedAssets".to_owned()),
        scid: Some("scid-2030".to_owned()),
        product_id: None,
        vendor_id: None,
        name_id: None,
        ..activity(2, "Turn on tamper protection", past.at(days(11), 0), 1)
    };
    let completed = Activity {
        status: "Completed".to_owned(),
        status_last_modified_on: past.at(days(16), 5_000_000),
        fixed_devices: 3,
        target_devices: 3,
        completion_method: Some("Automatic".to_owned()),
        completer_id: Some("65548a1d-ef00-4a7a-8d19-1b967b5c36f4".to_owned()),
        completer_email: Some("analyst1@contoso.com".to_owned()),
        recommended_version: Some("3.0.15".to_owned()),
        recommended_vendor: Some("openssl".to_owned()),
        recommended_program: Some("openssl".to_owned()),
        ..activity(3, "Update OpenSSL", past.at(days(31), 1_234_567), 3)
    };
    vec![
        row(newest, &windows),
        row(uninstall, &[names::LAPTOP, names::OFFLINE]),
        row(configuration, &[names::DATABASE_SERVER]),
        row(completed, &[names::WEB_SERVER, names::UBUNTU, names::RED_HAT]),
    ]
}

fn activity(place: usize, title: &str, created_on: Moment, devices: usize) -> Activity {
    let id = names::ACTIVITIES.get(place).copied().unwrap_or_default();
    Activity { target_devices: i64::try_from(devices).unwrap_or_default(), ..plain(id, title, created_on) }
}

/// An activity that requests an update and has made little progress.
pub(crate) fn plain(id: &str, title: &str, created_on: Moment) -> Activity {
    let product = title.split_whitespace().last().unwrap_or(title).to_lowercase();
    Activity {
        id: id.to_owned(),
        title: title.to_owned(),
        created_on,
        requester_id: "65548a1d-ef00-4a7a-8d19-1b967b5c36f4".to_owned(),
        requester_email: "analyst1@contoso.com".to_owned(),
        status: "Active".to_owned(),
        status_last_modified_on: created_on.after(std::time::Duration::from_nanos(153_200)),
        description: format!(
            "{title} to mitigate known vulnerabilities that affect devices of the organisation."
        ),
        related_component: title.split_once(' ').map_or(title, |(_, component)| component).to_owned(),
        target_devices: 1,
        rbac_group_names: Some(vec!["UnassignedGroup".to_owned(), "Servers".to_owned()]),
        fixed_devices: 0,
        requester_notes: None,
        due_on: Some(created_on.whole_second().after(days(14))),
        category: "Software".to_owned(),
        productivity_impact_remediation_type: None,
        priority: "Medium".to_owned(),
        completion_method: None,
        completer_id: None,
        completer_email: None,
        scid: None,
        kind: "Update".to_owned(),
        product_id: Some(format!("contoso-_-{product}")),
        vendor_id: Some("contoso".to_owned()),
        name_id: Some(product.clone()),
        recommended_version: None,
        recommended_vendor: None,
        recommended_program: None,
        recommendation_reference: Some(format!("va-_-contoso-_-{product}")),
    }
}

//! Fifteen alerts: an intrusion that spreads from one desktop, and the usual noise around it.

use std::time::Duration;

use super::names::{self, SeededMachine};
use super::{Past, days, evidence, hours, minutes};
use crate::model::alert::{Alert, Comment, LoggedOnUser, RelatedUser};
use crate::model::machine::Machine;
use crate::moment::Moment;

/// The specific properties of each alert, newest first. The others follow from its position.
struct Sketch {
    title: &'static str,
    severity: &'static str,
    status: &'static str,
    category: &'static str,
    source: &'static str,
    machine: SeededMachine,
    ago: Duration,
    /// The fraction of the creation time, in ticks.
    fraction: u32,
    techniques: &'static [&'static str],
    user: Option<&'static str>,
}

const ATP: &str = "WindowsDefenderAtp";
const AV: &str = "WindowsDefenderAv";

#[rustfmt::skip]
const SKETCHES: [Sketch; 15] = [
    sketch("Suspicious PowerShell command line", "High", "New", "Execution", ATP, names::DESKTOP, minutes(40), 7_220_239, &["T1059.001", "T1105"], Some("anna")),
    sketch("Possible theft of credentials from LSASS", "High", "New", "CredentialAccess", ATP, names::DESKTOP, minutes(55), 3_822_400, &["T1003.001"], Some("anna")),
    sketch("Suspicious 'Meterpreter' behavior was detected", "Medium", "InProgress", "SuspiciousActivity", AV, names::DESKTOP_2, hours(3), 7_657_932, &["T1064", "T1085", "T1220"], Some("anna")),
    sketch("Connection to an adversary-controlled server", "Medium", "New", "CommandAndControl", ATP, names::DESKTOP, hours(5), 1_900_000, &["T1071.001"], None),
    sketch("Autostart entry added by an unsigned program", "Medium", "InProgress", "Persistence", ATP, names::LAPTOP, hours(27), 500_000, &["T1547.001"], Some("bruno")),
    sketch("'EICAR_Test_File' malware was prevented", "Informational", "Resolved", "Malware", AV, names::FAILING, hours(31), 741_799, &[], None),
    sketch("Unusual number of failed sign-ins", "Low", "New", "CredentialAccess", ATP, names::DOMAIN_CONTROLLER, hours(44), 0, &["T1110"], None),
    sketch("Web shell written by a web server process", "High", "Resolved", "InitialAccess", ATP, names::WEB_SERVER, hours(76), 3_966_667, &["T1505.003"], None),
    sketch("Crypto miner", "Medium", "Resolved", "UnwantedSoftware", AV, names::UBUNTU, days(5), 9_000_001, &["T1496"], None),
    sketch("Reverse shell from a build job", "High", "InProgress", "Execution", ATP, names::RED_HAT, days(6), 1_234_567, &["T1059.004"], Some("ci")),
    sketch("Suspicious link opened from mail", "Low", "Resolved", "InitialAccess", "OfficeATP", names::LAPTOP_2, days(8), 4_400_000, &["T1566.002"], Some("bruno")),
    sketch("Indicator of contoso.com matched", "Informational", "New", "General", "CustomerTI", names::DATABASE_SERVER, days(10), 20_000, &[], None),
    sketch("Rare process on a server", "Low", "Resolved", "null", "CustomDetection", names::DATABASE_SERVER, days(13), 6_100_000, &[], None),
    sketch("Unsigned kernel extension loaded", "Medium", "New", "DefenseEvasion", ATP, names::MAC, days(19), 7_777_777, &["T1547.006"], Some("carla")),
    sketch("Possible ransomware activity", "High", "Resolved", "Ransomware", ATP, names::OFFLINE, days(26), 5_555_500, &["T1486"], None),
];

#[expect(clippy::too_many_arguments, reason = "a table row, written as one line")]
const fn sketch(
    title: &'static str,
    severity: &'static str,
    status: &'static str,
    category: &'static str,
    source: &'static str,
    machine: SeededMachine,
    ago: Duration,
    fraction: u32,
    techniques: &'static [&'static str],
    user: Option<&'static str>,
) -> Sketch {
    Sketch { title, severity, status, category, source, machine, ago, fraction, techniques, user }
}

pub(super) fn all(past: Past, tenant_id: &str) -> Vec<Alert> {
    let detail = |(place, sketch): (usize, &Sketch)| sketch.alert(place, past, tenant_id);
    SKETCHES.iter().enumerate().map(detail).collect()
}

impl Sketch {
    fn alert(&self, place: usize, past: Past, tenant_id: &str) -> Alert {
        let created = past.at(self.ago, self.fraction);
        let machine = (self.machine.id, Some(self.machine.name), None);
        let id = names::ALERTS.get(place).copied().unwrap_or_default();
        let number = i64::try_from(place).unwrap_or_default();
        let mut alert = Alert {
            severity: self.severity.to_owned(),
            status: self.status.to_owned(),
            category: Some(self.category.to_owned()),
            detection_source: self.source.to_owned(),
            // The alerts of the intrusion form one incident.
            incident_id: Some(if place < 4 { 1_126_093 } else { 1_126_100 + number }),
            mitre_techniques: self.techniques.iter().map(|technique| (*technique).to_owned()).collect(),
            related_user: self.user.map(related),
            logged_on_users: self.user.map(logged_on).into_iter().collect(),
            ..plain(id, self.title, created, machine, tenant_id)
        };
        self.judge(place, &mut alert);
        self.prove(place, &mut alert);
        alert
    }

    /// Adds the analysts' judgement.
    fn judge(&self, place: usize, alert: &mut Alert) {
        let created = alert.alert_creation_time;
        alert.investigation_id = match place {
            0 => Some(62_417),
            4 => Some(62_390),
            7 => Some(62_255),
            _ => None,
        };
        alert.threat_family_name = (place == 2).then(|| "Meterpreter".to_owned());
        alert.threat_name = (place == 5).then(|| "Virus:DOS/EICAR_Test_File".to_owned());
        if self.status != "New" {
            alert.assigned_to = Some("analyst1@contoso.com".to_owned());
            alert.last_update_time = created.after(minutes(21));
            alert.comments.push(Comment {
                comment: "Taken over from the night shift".to_owned(),
                created_by: "analyst1@contoso.com".to_owned(),
                created_time: created.after(minutes(20)),
            });
        }
        if self.status == "Resolved" {
            let (classification, determination) = match place % 3 {
                0 => ("FalsePositive", "NotMalicious"),
                1 => ("TruePositive", "Malware"),
                _ => ("InformationalExpectedActivity", "SecurityTesting"),
            };
            alert.classification = Some(classification.to_owned());
            alert.determination = Some(determination.to_owned());
            alert.investigation_state = "Benign".to_owned();
            alert.resolved_time = Some(created.after(minutes(21)));
        }
    }

    /// Adds the evidence.
    fn prove(&self, place: usize, alert: &mut Alert) {
        let time = alert.alert_creation_time.after(Duration::from_millis(420));
        let (sha1, sha256) = (names::FILE_SHA1, names::FILE_SHA256);
        let powershell = |line| {
            evidence::process(
                time,
                "powershell.exe",
                line,
                "explorer.exe",
                names::COMMON_FILE_SHA1,
                names::COMMON_FILE_SHA256,
            )
        };
        alert.evidence = match place {
            0 => vec![
                powershell("powershell.exe -nop -w hidden -enc SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAKQA="),
                evidence::url(time, "https://updates.fabrikam-cdn.com/a?x=1&y='2'"),
                evidence::user(time, "anna"),
            ],
            1 => vec![evidence::process(
                time,
                "updater.exe",
                "updater.exe --dump",
                "powershell.exe",
                sha1,
                sha256,
            )],
            2 => vec![evidence::file(
                time,
                "updater.exe",
                "C:\\Users\\anna\\AppData\\Local\\Temp",
                sha1,
                sha256,
            )],
            3 => vec![evidence::ip(time, names::ADDRESS), evidence::url(time, names::DOMAIN)],
            4 => {
                vec![evidence::registry(time, "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run", "updater")]
            }
            7 => vec![evidence::file(time, "help.aspx", "C:\\inetpub\\wwwroot", sha1, sha256)],
            11 => vec![evidence::ip(time, names::ADDRESS_V6)],
            _ => self.user.map(|user| evidence::user(time, user)).into_iter().collect(),
        };
    }
}

/// A new alert that nobody has looked at. The machine is given by its id, name and device group.
pub(crate) fn plain(
    id: &str,
    title: &str,
    created: Moment,
    machine: (&str, Option<&str>, Option<&str>),
    tenant_id: &str,
) -> Alert {
    let (machine_id, computer_dns_name, group) = machine;
    Alert {
        id: id.to_owned(),
        incident_id: None,
        investigation_id: None,
        assigned_to: None,
        severity: "Medium".to_owned(),
        status: "New".to_owned(),
        classification: None,
        determination: None,
        investigation_state: "Queued".to_owned(),
        detection_source: ATP.to_owned(),
        detector_id: Some("17e10bbc-3a68-474a-8aad-faef14d43952".to_owned()),
        category: Some("SuspiciousActivity".to_owned()),
        threat_family_name: None,
        title: title.to_owned(),
        description: format!(
            "{title}: activity on this device resembles that of known intrusions.\n\nReview the timeline of the \
             device, and isolate it if the activity was not expected."
        ),
        alert_creation_time: created,
        first_event_time: Some(created.before(Duration::from_millis(144_766))),
        last_event_time: Some(created.before(Duration::from_millis(144_664))),
        last_update_time: created.after(Duration::from_millis(1_480)),
        resolved_time: None,
        machine_id: machine_id.to_owned(),
        computer_dns_name: computer_dns_name.map(str::to_owned),
        rbac_group_name: group.map(str::to_owned),
        aad_tenant_id: tenant_id.to_owned(),
        threat_name: None,
        mitre_techniques: Vec::new(),
        related_user: None,
        logged_on_users: Vec::new(),
        comments: Vec::new(),
        evidence: Vec::new(),
    }
}

/// A generated alert with a number, on some machine.
pub(super) fn generated(
    id: &str,
    number: usize,
    created: Moment,
    machine: &Machine,
    tenant_id: &str,
) -> Alert {
    let severity = ["Informational", "Low", "Medium", "High"].get(number % 4).copied().unwrap_or("Low");
    let status = ["New", "InProgress", "Resolved"].get(number % 3).copied().unwrap_or("New");
    let about = (machine.id.as_str(), Some(machine.computer_dns_name.as_str()), None);
    let alert = plain(id, &format!("Generated alert {number}"), created, about, tenant_id);
    Alert {
        severity: severity.to_owned(),
        status: status.to_owned(),
        incident_id: i64::try_from(2_000_000 + number / 5).ok(),
        related_user: Some(related("anna")),
        evidence: vec![evidence::ip(created, names::ADDRESS)],
        ..alert
    }
}

fn related(user: &str) -> RelatedUser {
    RelatedUser { user_name: user.to_owned(), domain_name: "CONTOSO".to_owned() }
}

fn logged_on(user: &str) -> LoggedOnUser {
    LoggedOnUser { account_name: user.to_owned(), domain_name: "CONTOSO".to_owned() }
}

//! The ids and names of the seeded organisation, for tests and demonstrations to refer to.

use crate::model::machine::Behaviour;

/// A machine of the seeded organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeededMachine {
    /// 40 hexadecimal digits.
    pub id: &'static str,
    /// The computer's DNS name.
    pub name: &'static str,
    /// How the machine responds to actions.
    pub behaviour: Behaviour,
}

const fn machine(id: &'static str, name: &'static str, behaviour: Behaviour) -> SeededMachine {
    SeededMachine { id, name, behaviour }
}

/// A Windows 11 desktop with a high risk.
pub const DESKTOP: SeededMachine =
    machine("7ab606c66c5d3ae26bfa9014b3ade7469debcc06", "desktop-4k2f9.contoso.com", Behaviour::Responds);
/// A Windows 11 desktop.
pub const DESKTOP_2: SeededMachine =
    machine("c52577d5b73ebe2d50ca733ba515370bfab79bed", "desktop-7qm1x.contoso.com", Behaviour::Responds);
/// A Windows 10 laptop.
pub const LAPTOP: SeededMachine =
    machine("0da0e8e3bd45afda81868a31ee42afc650845fb4", "laptop-anna.contoso.com", Behaviour::Responds);
/// A Windows 10 laptop.
pub const LAPTOP_2: SeededMachine =
    machine("92719b5d81f0fec3a94fe49a3e550934640e8f8b", "laptop-bruno.contoso.com", Behaviour::Responds);
/// A Windows Server 2022.
pub const DOMAIN_CONTROLLER: SeededMachine =
    machine("4d67d389e44430235128895cd80f7125d523468c", "dc1.corp.contoso.com", Behaviour::Responds);
/// A Windows Server 2019 in a cloud.
pub const WEB_SERVER: SeededMachine =
    machine("dff0105a04b8a15f3a38b06108ce2803e4314c24", "web01.contoso.com", Behaviour::Responds);
/// A Windows Server 2016.
pub const DATABASE_SERVER: SeededMachine =
    machine("4550cb401b6e43e358620064c5b00f6a78e68e4c", "sql01.contoso.com", Behaviour::Responds);
/// An Ubuntu build machine.
pub const UBUNTU: SeededMachine =
    machine("8270f2412e7f5761a309402ed905cc729f52b877", "build-ub22.contoso.com", Behaviour::Responds);
/// A Red Hat machine.
pub const RED_HAT: SeededMachine =
    machine("bdf3d2d2da7eac24d5dc937f0701a07e481635db", "ci-rhel9.contoso.com", Behaviour::Responds);
/// A Mac.
pub const MAC: SeededMachine =
    machine("175dc6850515510531e5b27fd60a63e936b6d72d", "mac-design.contoso.com", Behaviour::Responds);
/// A kiosk that is switched off: its actions stay pending and then time out.
pub const OFFLINE: SeededMachine =
    machine("b8f9a15fe44ce676f271b679e85af7bac024d974", "kiosk-03.contoso.com", Behaviour::Offline);
/// A laboratory machine on which every action fails.
pub const FAILING: SeededMachine =
    machine("b7e55ab16a802f42388845d5b80a68685f2891d5", "lab-win11-07.contoso.com", Behaviour::Fails);

/// All seeded machines.
pub const MACHINES: [SeededMachine; 12] = [
    DESKTOP,
    DESKTOP_2,
    LAPTOP,
    LAPTOP_2,
    DOMAIN_CONTROLLER,
    WEB_SERVER,
    DATABASE_SERVER,
    UBUNTU,
    RED_HAT,
    MAC,
    OFFLINE,
    FAILING,
];

/// The seeded alerts, newest first.
pub const ALERTS: [&str; 15] = [
    "da638712345678901234_423946139",
    "da638709129129031111_1497871144",
    "da638705912579160988_-255555737",
    "da638702696029290865_-885310972",
    "da638699479479420742_-1189709946",
    "da638696262929550619_-180521324",
    "da638693046379680496_-1031247021",
    "da638689829829810373_250013383",
    "da638686613279940250_-294804716",
    "da638683396730070127_226938843",
    "da638680180180200004_-579402028",
    "da638676963630329881_-1339319143",
    "da638673747080459758_206492238",
    "da638670530530589635_-200035544",
    "da638667313980719512_-721931211",
];

/// The seeded machine actions, newest first: the release of an isolation, the isolation, a collection (whose package
/// can be fetched), a scan, a live response, a quarantine, one that timed out and one that was cancelled.
pub const ACTIONS: [&str; 8] = [
    "86de8d21-3faf-5e61-8c4d-7d1342a1a572",
    "9c988214-d572-51fe-9d34-830c0b603504",
    "82f3b55a-1493-591a-851c-e39f71dae5c2",
    "d157a758-a924-578a-b94c-76a476f143ad",
    "0ceb5f74-404d-5493-a597-613ad4adaa2c",
    "2861ede3-f45b-5567-bc89-275737db171b",
    "5340983e-173c-5b81-92a8-55ebbcaca33d",
    "e24baeeb-5eb3-50d0-8b72-2eaaaa0861ee",
];

/// The seeded investigations, newest first; the first one is still running.
pub const INVESTIGATIONS: [&str; 4] = ["62417", "62390", "62255", "61802"];

/// The seeded remediation activities, newest first.
pub const ACTIVITIES: [&str; 4] = [
    "9c8cc6c0-de6c-5dd2-a36f-97fb134fe8ed",
    "99aa0edb-a68d-50f4-8a02-491f5d0af619",
    "7a577e96-70b6-50bf-8dbf-079c8106a2a2",
    "b5356207-677d-5b12-bc69-7110997fec9b",
];

/// A file that the organisation knows, by SHA-1.
pub const FILE_SHA1: &str = "c3722167542e291acbc5422539d96904c30f4a45";
/// The same file by SHA-256.
pub const FILE_SHA256: &str = "e4462db24205ed88cad804207b015356adde4541e0f2a04e1c6c37404501975b";
/// A file that is common everywhere, by SHA-1.
pub const COMMON_FILE_SHA1: &str = "e978f868350d50ebe88342ab8b4357a4dc01753f";
/// The same common file by SHA-256.
pub const COMMON_FILE_SHA256: &str = "f307e73a3447b10444e67233700c1aa5ca8e3673dd2f292084bf485583caad6f";
/// A domain that the organisation has contacted within the last day.
pub const DOMAIN: &str = "updates.fabrikam-cdn.com";
/// A domain that the organisation has not contacted for a fortnight.
pub const STALE_DOMAIN: &str = "old.fabrikam.com";
/// An address that the organisation has contacted.
pub const ADDRESS: &str = "203.0.113.77";
/// An IPv6 address that the organisation has contacted.
pub const ADDRESS_V6: &str = "2001:db8::8a2e:370:7334";
/// The report id of the event on [`DESKTOP`] from which an alert can be created.
pub const REPORT: &str = "20776";

//! The operating systems of the organisation's machines.

/// The properties of machines with one operating system.
pub(super) struct Platform {
    pub(super) os: &'static str,
    pub(super) version: &'static str,
    pub(super) build: Option<i64>,
    pub(super) agent: &'static str,
    pub(super) managed_by: &'static str,
}

pub(super) const WINDOWS_11: Platform = Platform {
    os: "Windows11",
    version: "23H2",
    build: Some(22_631),
    agent: "10.8760.22631.4317",
    managed_by: "Intune",
};
pub(super) const WINDOWS_11_24H2: Platform = Platform {
    os: "Windows11",
    version: "24H2",
    build: Some(26_100),
    agent: "10.8790.26100.3624",
    managed_by: "Intune",
};
pub(super) const WINDOWS_10: Platform = Platform {
    os: "Windows10",
    version: "22H2",
    build: Some(19_045),
    agent: "10.8790.19045.5608",
    managed_by: "Intune",
};
pub(super) const SERVER_2022: Platform = server("WindowsServer2022", "21H2", 20_348, "10.8795.20348.3328");
pub(super) const SERVER_2019: Platform = server("WindowsServer2019", "1809", 17_763, "10.8760.17763.6414");
pub(super) const SERVER_2016: Platform = server("WindowsServer2016", "1607", 14_393, "10.8750.14393.7515");
pub(super) const UBUNTU: Platform = Platform { build: Some(6), ..unix("Ubuntu", "22.4", "30.124092.2.0") };
pub(super) const RED_HAT: Platform = unix("RedHatEnterpriseLinux", "9.5", "30.124092.2.0");
pub(super) const MAC_OS: Platform = unix("macOS", "14.6", "20.124082.4.0");

const fn server(os: &'static str, version: &'static str, build: i64, agent: &'static str) -> Platform {
    Platform { os, version, build: Some(build), agent, managed_by: "MicrosoftDefenderForEndpoint" }
}

const fn unix(os: &'static str, version: &'static str, agent: &'static str) -> Platform {
    Platform { os, version, build: None, agent, managed_by: "MicrosoftDefenderForEndpoint" }
}

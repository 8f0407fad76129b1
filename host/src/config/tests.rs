//! Valid configurations, and the errors of invalid ones.

use std::time::Duration;

use super::*;
use crate::connection::{Auth, Trust};
use crate::manifest::Limit;
use crate::remedy::Remedy;

const EXAMPLE: &str = r#"
[connections.default]
cloud = "public"
tenant-id = "contoso.com"
timeout-seconds = 50
[connections.default.auth]
kind = "client-secret"
client-id = "app-1"
client-secret-env = "SECRET"
[connections.default.quota]
calls = 45
period-seconds = 60
when-exceeded = "fail"
bucket = "soc-app"

[connections.local]
api-url = "http://127.0.0.1:9000"
allow-loopback-http = true
max-reply-bytes = 1000
[connections.local.auth]
kind = "token"
token-command = ["az", "account", "get-access-token"]
"#;

fn manifest() -> Manifest {
    let text = r#"{"contract":"workflow:connector@0.1.0","name":"test","version":"0.1.0","title":"Test","actions":[],
        "clouds":{"public":{"api":"https://api.example.com","authority":"https://login.example.com","scope":"api/.default"},
                  "gcc-high":{"api":"https://api.example.us","authority":"https://login.example.us","scope":"api/.default"}},
        "quota":{"calls":100,"periodSeconds":60}}"#;
    Manifest::parse(text.as_bytes()).unwrap()
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("config.toml"), text, &Variables::fixed([("A", "B")]))
}

fn default_profile(text: &str) -> Result<Profile, ConfigError> {
    parse(text)?.profile(DEFAULT_CONNECTION, &manifest(), Trust::Connector)
}

/// The message and the hint for a connection `default` with these lines.
fn complaint(lines: &str) -> String {
    let text = format!("[connections.default]\n{lines}");
    let error = default_profile(&text).map(drop).expect_err(lines);
    format!("{error}\nhint: {}", error.hint())
}

#[test]
fn the_example_is_understood() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.connections().collect::<Vec<_>>(), ["default", "local"]);
    let profile = config.profile("default", &manifest(), Trust::Connector).unwrap();
    assert_eq!((profile.name(), profile.timeout()), ("default", Duration::from_secs(50)));
    assert_eq!(profile.api_url().to_string(), "https://api.example.com");
    assert_eq!(profile.allowed_origins(), [profile.api_url().clone()]);
    assert_eq!(profile.quota().limit, Some(Limit { calls: 45, period_seconds: 60 }));
    assert_eq!(profile.quota().bucket, "soc-app");
    let Auth::ClientSecret { application, .. } = profile.auth() else { panic!() };
    assert_eq!(
        (application.authority.to_string().as_str(), application.tenant.as_str()),
        ("https://login.example.com", "contoso.com")
    );

    let profile = config.profile("local", &manifest(), Trust::Connector).unwrap();
    assert_eq!(
        (profile.api_url().to_string().as_str(), profile.max_reply_bytes()),
        ("http://127.0.0.1:9000", 1000)
    );
    assert_eq!((profile.quota().limit, profile.timeout()), (manifest().quota, Duration::from_secs(240)));
    assert!(
        matches!(profile.auth(), Auth::TokenCommand { program, arguments } if program == "az" && arguments.len() == 2)
    );
}

#[test]
fn what_is_wrong_is_named_with_its_line_and_a_hint() {
    for (lines, expected) in [
        ("tenant = \"x\"", "config.toml:2: unknown key `tenant`\nhint: did you mean `tenant-id`?"),
        (
            "\n\ncloud = \"gcc-hi\"\nauth.kind = \"none\"",
            "config.toml: connections.default: `cloud` is \"gcc-hi\", which the connector does not know\nhint: did you mean \"gcc-high\"?",
        ),
        (
            "timeout-seconds = \"canary\"",
            "config.toml:2: the value is of the wrong kind\nhint: it should be a whole number, without quotes",
        ),
        (
            "timeout-seconds = -1",
            "config.toml:2: the value is of the wrong kind\nhint: it should be a whole number, without quotes",
        ),
        ("timeout-seconds = 0\nauth.kind = \"none\"", "`timeout-seconds` is not a number from 1 to 3600"),
        ("cloud = ", "config.toml:2: "),
        ("cloud = \"public\"\ncloud = \"public\"", "config.toml:3: duplicate key"),
        ("", "connections.default: `auth` is missing\nhint: choose how to sign in"),
        ("[connections.default.auth]", "config.toml:2: the key `kind` is missing"),
        (
            "auth.kind = \"client-secrets\"",
            "unknown value \"client-secrets\"\nhint: did you mean \"client-secret\"?",
        ),
        ("auth.kind = \"magic\"", "unknown value\nhint: one of: none, token, client-secret"),
        ("auth.kind = \"token\"", "`auth.token-env` is missing"),
        (
            "auth = { kind = \"token\", token-env = \"A\", token-command = [\"b\"] }",
            "`auth.token-env` and `auth.token-command` are both set",
        ),
        (
            "auth = { kind = \"token\", token-env = \"A\", client-id = \"b\" }",
            "`auth.client-id` does not belong to the kind \"token\"",
        ),
        ("auth = { kind = \"client-secret\", client-secret-env = \"A\" }", "`auth.client-id` is missing"),
        ("auth = { kind = \"client-secret\", client-id = \"A\" }", "`auth.client-secret-env` is missing"),
        (
            "auth = { kind = \"client-secret\", client-id = \"A\", client-secret-env = \"B\" }",
            "`tenant-id` is missing",
        ),
        (
            "tenant-id = \"a/../b\"\nauth = { kind = \"client-secret\", client-id = \"A\", client-secret-env = \"B\" }",
            "`tenant-id` is empty or contains invalid characters",
        ),
        (
            "tenant-id = \"..\"\nauth = { kind = \"client-secret\", client-id = \"A\", client-secret-env = \"B\" }",
            "`tenant-id` is empty or contains invalid characters",
        ),
        (
            "auth = { kind = \"client-secret\", client-id = \"A\", client-secret = \"canary\" }",
            "unknown key `client-secret`\nhint: a secret does not belong in this file",
        ),
        (
            "auth = { kind = \"token\", token = \"canary\" }",
            "unknown key `token`\nhint: a token does not belong in this file",
        ),
        (
            "api-url = \"http://api.example.com\"\nauth.kind = \"none\"",
            "`api-url` cannot be used: http://api.example.com is not encrypted",
        ),
        (
            "api-url = \"http://127.0.0.1:1\"\nauth.kind = \"none\"",
            "is this machine\nhint: for tests and simulators, set `allow-loopback-http = true`",
        ),
        (
            "api-url = \"https://api.example.com/api\"\nauth.kind = \"none\"",
            "it has more than a scheme, a host and a port",
        ),
        (
            "allowed-origins = [\"https://*.example.com\"]\nauth.kind = \"none\"",
            "origins are allowed one by one",
        ),
        ("auth.kind = \"none\"\nquota.calls = 0", "`quota.calls` is not a number from 1"),
        (
            "auth.kind = \"none\"\nquota.period = 0",
            "unknown key `period`\nhint: did you mean `period-seconds`?",
        ),
    ] {
        let complaint = complaint(lines);
        assert!(complaint.contains(expected), "{lines}\n---\n{complaint}\n---\n{expected}");
        assert!(!complaint.contains("canary"), "{complaint}");
    }
    assert!(parse("[connection.default]").unwrap_err().hint().to_string().contains("`connections`"));
}

#[test]
fn a_secret_in_the_wrong_place_is_not_shown() {
    for lines in [
        "cloud = canary",
        "auth = \"canary\"",
        "timeout-seconds = \"canary\"",
        "quota.when-exceeded = \"canary\"",
        "auth.kind = \"canary\"",
        "allow-loopback-http = \"canary\"",
        "auth.token-command = \"canary\"",
        "auth.client-secret = \"canary",
        "quota = [\"canary\"]",
    ] {
        let error = default_profile(&format!("[connections.default]\n{lines}")).unwrap_err();
        let shown = format!("{error} {error:?} {}", error.hint());
        assert!(!shown.contains("canary"), "{lines}: {shown}");
    }
}

#[test]
fn files_that_cannot_be_read_are_said_to_be() {
    let directory = tempfile::tempdir().unwrap();
    let variables = Variables::process();
    let missing = Config::load(&directory.path().join("none.toml"), &variables).unwrap_err();
    assert!(matches!(missing, ConfigError::NoFile { .. }) && missing.hint() == Remedy::Configure);
    assert!(matches!(Config::load(directory.path(), &variables), Err(ConfigError::Unreadable { .. })));
    let path = directory.path().join("config.toml");
    std::fs::write(&path, b"# a\n# \xff\n").unwrap();
    assert!(matches!(Config::load(&path, &variables), Err(ConfigError::NotUtf8 { line: 2, .. })));
    std::fs::write(&path, EXAMPLE).unwrap();
    let config = Config::load(&path, &variables).unwrap();
    let error = config.profile("locale", &manifest(), Trust::Connector).unwrap_err();
    assert!(matches!(error, ConfigError::NoConnection { .. }));
    assert_eq!(error.hint(), Remedy::DidYouMean { name: "local".into() });
}

#[test]
fn paths_follow_the_command_line_then_variables_then_the_platform() {
    let variables = Variables::fixed([
        ("XDG_CONFIG_HOME", "/xdg/config"),
        ("XDG_STATE_HOME", "/xdg/state"),
        ("XDG_CACHE_HOME", "relative/is/ignored"),
    ]);
    let paths = Paths::find(None, &variables).unwrap();
    assert_eq!(paths.config, Path::new("/xdg/config/connector/config.toml"));
    assert_eq!(paths.state, Path::new("/xdg/state/connector"));
    assert!(paths.cache.is_absolute() && paths.cache.ends_with("connector"));
    let own = [("CONNECTOR_CONFIG", "c.toml"), ("CONNECTOR_STATE_DIR", "/s"), ("CONNECTOR_CACHE_DIR", "/c")];
    let paths = Paths::find(None, &Variables::fixed(own)).unwrap();
    assert_eq!((paths.config, paths.state, paths.cache), ("c.toml".into(), "/s".into(), "/c".into()));
    assert_eq!(
        Paths::find(Some("a.toml".into()), &Variables::fixed(own)).unwrap().config,
        Path::new("a.toml")
    );
}

#[test]
fn every_kind_reads_its_keys_and_refuses_others() {
    let kinds = [
        ("none", &[][..]),
        ("token", &["token-env = \"A\""]),
        ("client-secret", &["client-id = \"a\"", "client-secret-env = \"A\""]),
        ("managed-identity", &["client-id = \"a\"", "metadata-endpoint = \"http://169.254.169.254\""]),
        (
            "workload-identity",
            &["client-id = \"a\"", "token-file = \"/f\"", "authority = \"https://a.example\""],
        ),
        ("device-code", &["client-id = \"a\"", "scope = \"b\""]),
        ("auth-code", &["client-id = \"a\"", "redirect-uri = \"http://localhost:8400/back\""]),
        ("azure-cli", &["scope = \"b\""]),
    ];
    let profile = |kind: &str, keys: &[&str]| {
        let keys = keys.join("\n");
        let text = format!(
            "[connections.default]\ntenant-id = \"t\"\n[connections.default.auth]\nkind = \"{kind}\"\n{keys}"
        );
        default_profile(&text)
    };
    let every: std::collections::BTreeSet<&str> = kinds.iter().flat_map(|(_, keys)| *keys).copied().collect();
    let reads = [
        (
            "client-id",
            &["client-secret", "managed-identity", "workload-identity", "device-code", "auth-code"][..],
        ),
        ("authority", &["client-secret", "workload-identity", "device-code", "auth-code"]),
        (
            "scope",
            &[
                "client-secret",
                "managed-identity",
                "workload-identity",
                "device-code",
                "auth-code",
                "azure-cli",
            ],
        ),
    ];
    for (kind, keys) in kinds {
        assert_eq!(profile(kind, keys).unwrap().auth().kind(), kind);
        for other in every.iter().filter(|other| !keys.contains(other)) {
            let name = other.split(' ').next().unwrap();
            if reads.iter().any(|(key, of)| *key == name && of.contains(&kind)) {
                continue;
            }
            let error = profile(kind, &[keys, &[other]].concat()).unwrap_err();
            assert!(
                error.to_string().contains(&format!("`auth.{name}` does not belong")),
                "{kind} {other}: {error}"
            );
        }
    }
}

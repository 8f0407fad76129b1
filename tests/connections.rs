//! Connections from the command line: added, listed, tested, removed.

use serde_json::{Value, json};

use crate::support::home::{Home, SECRET, simulator};

#[tokio::test(flavor = "multi_thread")]
async fn a_test_tells_what_each_action_may_and_calls_one_read() {
    let simulator = simulator(json!({})).await;
    for role in ["Machine.Isolate", "Alert.Read.All", "Alert.ReadWrite.All"] {
        simulator.revoke_role(role);
    }
    let home = Home::of(&simulator);
    let table = home.run(&["connections", "test"]).done().stdout;
    assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
    let row = |action: &str| {
        let line = table.lines().find(|line| line.split_whitespace().next() == Some(action));
        line.unwrap_or_else(|| panic!("{action} is not in\n{table}")).split_whitespace().collect::<Vec<_>>()
    };
    assert_eq!(row("isolate-machine"), ["isolate-machine", "no", "Machine.Isolate"]);
    assert_eq!(row("list-alerts"), ["list-alerts", "no", "Alert.Read.All", "or", "Alert.ReadWrite.All"]);
    assert_eq!(row("list-machines"), ["list-machines", "yes"]);
    // The first of the reads that are allowed, and no more than that.
    assert_eq!(row("read")[1], "ok,");
    let calls: Vec<_> =
        simulator.log().iter().filter(|arrival| arrival.path.starts_with("/api/")).cloned().collect();
    assert_eq!(calls.len(), 1, "{calls:?}");
    assert_eq!(calls[0].method, "GET");

    let report = home.run(&["connections", "test", "--output", "json"]).done().json();
    assert_eq!(report["token"]["kind"], "application");
    assert!(report["token"]["permissions"].to_string().contains("\"Machine.Scan\""), "{report}");
    let actions = report["actions"].as_array().expect("a list");
    assert_eq!(actions.len(), 31);
    let isolate = actions.iter().find(|action| action["action"] == "isolate-machine");
    let expected =
        json!({ "action": "isolate-machine", "allowed": false, "missingAnyOf": ["Machine.Isolate"] });
    assert_eq!(isolate, Some(&expected));
}

#[tokio::test(flavor = "multi_thread")]
async fn named_actions_come_with_the_permissions_that_they_need_at_least() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    let named = "--for=isolate-machine,list-alerts,cancel-machine-action";
    let report = home.run(&["connections", "test", named, "--output", "json"]).done().json();
    assert_eq!(
        report["leastPermissions"],
        json!({ "application": ["Alert.Read.All", "Machine.Isolate"], "delegated": ["Alert.Read", "Machine.Isolate"] })
    );
    assert_eq!(report["actions"].as_array().map(Vec::len), Some(3));
    let table = home.run(&["connections", "test", named]).done().stdout;
    assert!(table.contains("Alert.Read.All, Machine.Isolate"), "{table}");

    simulator.revoke_role("Machine.Isolate");
    let denied = home.run(&["connections", "test", named, "--output", "json"]);
    assert_eq!(denied.code, 3, "{denied:?}");
    let error = &denied.error()["error"];
    assert_eq!(
        (&error["case"], &error["missingRoles"]),
        (&json!("permanent-forbidden"), &json!(["Machine.Isolate"]))
    );
    // Another permission lets one cancel.
    assert!(
        error["message"].as_str().is_some_and(|message| message.ends_with("allow isolate-machine")),
        "{error}"
    );
    let for_people = home.run(&["connections", "test", named]);
    assert_eq!(for_people.code, 3);
    assert!(for_people.stdout.contains("isolate-machine"), "{for_people:?}");
    assert!(for_people.stderr.contains("hint: grant the application"), "{for_people:?}");

    let trigger = home.run(&["connections", "test", "--for", "new-alerts", "--output", "json"]).done().json();
    assert_eq!(trigger["leastPermissions"]["application"], json!(["Alert.Read.All"]));
    let unknown = home.run(&["connections", "test", "--for", "isolate"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    assert!(unknown.stderr.contains("`isolate`") && unknown.stderr.contains("hint:"), "{unknown:?}");
    assert!(
        simulator.log().iter().all(|arrival| !arrival.path.starts_with("/api/") || arrival.method == "GET")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_says_nothing_is_said_to_be_opaque() {
    let server = crate::support::server::Server::start().await.expect("loopback is there");
    let body = br#"{"value":[]}"#.to_vec();
    server.answer(crate::support::server::Answer { status: 200, body, ..Default::default() });
    let home = Home::with_secret("opaque-token");
    home.configure(&format!(
        "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n[connections.default.auth]\n\
         kind = \"token\"\ntoken-env = \"{SECRET}\"\n",
        server.origin()
    ));
    let report = home.run(&["connections", "test", "--for", "isolate-machine"]).done().stdout;
    assert!(report.contains("opaque") && report.contains("unknown"), "{report}");
    let report = home.run(&["connections", "test", "--output", "json"]).done().json();
    assert_eq!(report["token"], json!({ "kind": "opaque", "permissions": Value::Null }));
    assert!(report["actions"].as_array().is_some_and(|all| all.iter().all(|one| one["allowed"].is_null())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_whose_read_fails_still_tells_what_the_token_allows() {
    let simulator = simulator(json!({})).await;
    let home = Home::of(&simulator);
    for operation in ["GetAlerts", "GetMachines", "GetMachineActions", "GetInvestigations"] {
        let fault = defender_simulator::Fault::new(defender_simulator::Effect::NoTvmLicense);
        simulator.faults().add(fault.on(operation));
    }
    let report = home.run(&["connections", "test"]);
    assert_eq!(report.code, 3, "{report:?}");
    assert!(report.stdout.contains("failed:") && report.stdout.contains("list-machines"), "{report:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_was_added_works_and_one_that_was_removed_is_gone() {
    let simulator = simulator(json!({})).await;
    let home = Home::with_secret(simulator.client_secret());
    let flags = |name: &'static str| {
        vec![
            "connections".to_owned(),
            "add".into(),
            name.into(),
            "--kind=client-secret".into(),
            format!("--api-url={}", simulator.url()),
            format!("--authority={}", simulator.url()),
            format!("--tenant-id={}", simulator.tenant_id()),
            format!("--client-id={}", simulator.client_id()),
            format!("--client-secret-env={SECRET}"),
            "--allow-loopback-http".into(),
        ]
    };
    let add = |name, more: &[&str]| {
        let flags = flags(name);
        home.run(&flags.iter().map(String::as_str).chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let added = add("default", &[]).done();
    assert_eq!(added.stdout, "");
    assert!(added.stderr.contains("config.toml") && added.stderr.contains("connections test"), "{added:?}");
    home.run(&["connections", "test"]).done();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(home.config()).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let one = std::fs::read_to_string(home.config()).expect("it is text");
    let commented = format!(
        "# My connections.\n\n{one}\n[connections.default.quota]\ncalls =   7 # a week\n# The end.\n"
    );
    home.configure(&commented);

    let twice = add("default", &[]);
    assert_eq!(twice.code, 2, "{twice:?}");
    assert!(twice.stderr.contains("--replace"), "{twice:?}");
    add("second", &[]).done();
    let both = std::fs::read_to_string(home.config()).expect("it is text");
    assert!(both.starts_with(commented.strip_suffix("# The end.\n").unwrap_or_default()), "{both}");
    home.run(&["connections", "test", "--connection", "second"]).done();
    let list = home.run(&["connections", "list", "--output", "json"]).done().json();
    assert_eq!(
        (&list[0]["name"], &list[1]["name"], &list[1]["state"]),
        (&json!("default"), &json!("second"), &json!("ready"))
    );

    home.run(&["connections", "remove", "second"]).done();
    let left = std::fs::read_to_string(home.config()).expect("it is text");
    assert_eq!(left, commented);
    add("default", &["--replace", "--token-env=X"]).usage("`auth.token-env`");
    let unchanged = std::fs::read_to_string(home.config()).expect("it is text");
    assert_eq!(unchanged, left, "what cannot work is not written");
    add("default", &["--replace"]).done();
    let replaced = std::fs::read_to_string(home.config()).expect("it is text");
    assert!(replaced.starts_with("# My connections.") && !replaced.contains("a week"), "{replaced}");

    home.run(&["connections", "remove", "defalt"]).usage("did you mean \"default\"?");
}

#[test]
fn without_a_terminal_everything_comes_from_flags_and_nothing_secret_does() {
    let home = Home::empty();
    let add = |flags: &[&str]| home.run(&[&["connections", "add"], flags].concat());
    add(&[]).usage("--cloud is missing");
    add(&["--cloud", "public"]).usage("--kind is missing");
    add(&["--cloud", "public", "--kind", "client-secret"]).usage("--tenant-id is missing");
    let some = ["--cloud", "public", "--kind", "client-secret", "--tenant-id", "t", "--client-id", "c"];
    add(&["--cloud", "public", "--kind", "client-secret", "--tenant-id", "not a tenant!"])
        .usage("--tenant-id: ");
    add(&["--kind", "none", "--api-url", "http://127.0.0.1:1"]).usage("--allow-loopback-http");
    let address = add(&["--kind", "none", "--api-url", "https://svc:hunter2@api.example.com"]);
    assert!(!address.stderr.contains("hunter2"), "{address:?}");
    address.usage("--api-url: ");
    add(&some).usage("--client-secret-env or --client-secret-file is missing");
    let pasted = add(&[&some[..], &["--client-secret-env", "8Q~canary.secret"]].concat());
    assert!(!pasted.stderr.contains("canary"), "{pasted:?}");
    pasted.usage("no name of a variable");
    let pasted = add(&[&some[..], &["--client-secret-env", "x8QcanaryDEF0123456789"]].concat());
    assert!(!pasted.stderr.contains("canary"), "{pasted:?}");
    pasted.usage("looks like a secret itself");
    add(&["a b", "--cloud", "public", "--kind", "none"]).usage("no name for a connection");
    add(&["--cloud", "moon", "--kind", "none"]).usage("moon");
    add(&["--cloud", "public", "--kind", "psychic"]).usage("unknown value");
    assert!(!home.config().exists(), "nothing was written");

    add(&["--cloud", "gcc", "--kind", "token", "--token-env", "UNSET"]).done();
    let list = home.run(&["connections", "list"]).done().stdout;
    assert!(list.contains("gcc") && list.contains("UNSET is not set"), "{list}");

    home.configure("[connections.default\nclient-secret = \"canary\"\n");
    let broken = add(&["--cloud", "public", "--kind", "none"]);
    assert!(!broken.stderr.contains("canary"), "{broken:?}");
    broken.usage("is not a configuration file");
}

#[test]
fn each_kind_can_be_added_by_flags() {
    let home = Home::empty();
    let kinds: [(&str, &[&str]); 8] = [
        ("certificate", &["--tenant-id=t", "--client-id=c", "--certificate-file=/c.pem"]),
        (
            "certificate",
            &[
                "--tenant-id=t",
                "--client-id=c",
                "--certificate-file=/c.pem",
                "--key-file=/k.pem",
                "--certificate-password-env=PASSWORD",
                "--signing-algorithm=RS256",
            ],
        ),
        ("device-code", &["--tenant-id=t", "--client-id=c", "--scope=https://a.example/.default"]),
        ("auth-code", &["--tenant-id=t", "--client-id=c", "--redirect-uri=http://127.0.0.1:8400/login"]),
        ("managed-identity", &["--client-id=c", "--metadata-endpoint=http://169.254.169.254"]),
        ("workload-identity", &["--client-id=c", "--token-file=/t", "--authority=https://login.example.com"]),
        ("azure-cli", &[]),
        ("token", &["--token-command=az", "--token-command=--x"]),
    ];
    for (kind, flags) in kinds {
        let words = ["connections", "add", "--cloud=public", "--replace", "--kind", kind];
        let added = home.run(&[&words[..], flags].concat()).done();
        assert!(added.stderr.contains("hint: "), "{added:?}");
        let file = std::fs::read_to_string(home.config()).expect("it is text");
        for flag in flags.iter().filter(|flag| !flag.starts_with("--token-command")) {
            let (key, value) = flag.trim_start_matches('-').split_once('=').expect("it has a value");
            assert!(file.contains(&format!("{key} = \"{value}\"")), "{flag} is not in {file}");
        }
        let list = home.run(&["connections", "list", "--output", "json"]).done().json();
        assert_eq!(list[0]["auth"], kind, "{list}");
    }
    home.run(&["connections", "add", "x", "--cloud=public", "--kind=azure-cli", "--key-file=/k"])
        .usage("`auth.key-file`");
}

#[test]
fn an_address_with_a_password_is_never_shown() {
    let home = Home::empty();
    for address in [
        "https://svc:hunter2@api.example.com",
        "https://svc:hunter2@api.example.com/x",
        "svc:hunter2@api.example.com",
        "svc:hunter2@x://api.example.com",
        "https://svc:hunter2@\u{e4}pi.example.com:x",
        "https://svc:hunter2@api.example.com:99999",
    ] {
        for line in
            [format!("api-url = \"{address}\""), format!("cloud = \"us\"\nallowed-origins = [\"{address}\"]")]
        {
            home.configure(&format!(
                "[connections.default]\n{line}\n[connections.default.auth]\nkind = \"none\"\n"
            ));
            let refused = home.run(&["call", "list-machines"]);
            assert!(!refused.stderr.contains("hunter2"), "{refused:?}");
            refused.usage("connections.default");
            assert!(!home.run(&["connections", "list"]).done().stdout.contains("hunter2"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_seen_in_the_list_and_goes_with_its_connection() {
    let authority = crate::support::server::Server::start().await.expect("loopback is there");
    // What it says to whoever asks for a code, and to whoever asks for a token.
    let body = json!({
        "device_code": "d", "user_code": "U", "verification_uri": "https://login.example.com", "expires_in": 900,
        "interval": 1, "access_token": "t", "refresh_token": "canary-refresh", "token_type": "Bearer"
    });
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = body.to_string().into_bytes();
    authority.answer(crate::support::server::Answer {
        status: 200,
        headers: json,
        body,
        ..Default::default()
    });
    let home = Home::empty();
    let connection = |name: &str| {
        format!(
            "[connections.{name}]\ncloud = \"public\"\ntenant-id = \"t\"\nallow-loopback-http = true\n\
             [connections.{name}.auth]\nkind = \"device-code\"\nclient-id = \"c\"\nauthority = \"{}\"\n",
            authority.origin()
        )
    };
    let both = connection("default") + &connection("other");
    home.configure(&both);
    let states = || {
        let list = home.run(&["connections", "list", "--output", "json"]).done().json();
        [list[0]["state"].clone(), list[1]["state"].clone()]
    };
    assert_eq!(states(), ["needs a login", "needs a login"]);
    home.run(&["login"]).done();
    assert_eq!(states(), ["signed in", "signed in"]);
    assert_eq!(authority.received().len(), 2, "for a code and for a token");
    let removed = home.run(&["connections", "remove", "other"]).done();
    assert!(removed.stderr.contains("its login is kept: \"default\" uses it too"), "{removed:?}");
    assert_eq!(states()[0], "signed in");
    let removed = home.run(&["connections", "remove", "default"]).done();
    assert!(removed.stderr.contains("its login is forgotten"), "{removed:?}");
    home.configure(&both);
    assert_eq!(states(), ["needs a login", "needs a login"]);
    assert_eq!(authority.received(), [], "nobody was asked");
}

#[cfg(unix)]
#[test]
fn a_list_says_what_each_connection_lacks_and_waits_for_nothing() {
    let home = Home::empty();
    let pipe = home.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("it starts").success());
    let certificate = home.path().join("certificate.pem");
    let signed = rcgen::generate_simple_self_signed(["x".to_owned()]).expect("there is a random number");
    std::fs::write(&certificate, signed.cert.pem()).expect("the temporary directory can be written");
    let kinds = [
        ("client-secret", format!("client-id = \"c\"\nclient-secret-file = {pipe:?}"), "is not a file"),
        ("certificate", format!("client-id = \"c\"\ncertificate-file = {pipe:?}"), "is not a file"),
        ("certificate", format!("client-id = \"c\"\ncertificate-file = {certificate:?}"), "until "),
        ("workload-identity", "client-id = \"c\"".to_owned(), "AZURE_FEDERATED_TOKEN_FILE is not set"),
        ("managed-identity", String::new(), "asks the platform"),
        ("azure-cli", String::new(), "no az in PATH"),
        ("auth-code", "client-id = \"c\"".to_owned(), "needs a login"),
    ];
    for (kind, keys, state) in kinds {
        let tenant = if kind == "managed-identity" { "" } else { "tenant-id = \"t\"\n" };
        home.configure(&format!(
            "[connections.default]\ncloud = \"public\"\n{tenant}[connections.default.auth]\nkind = \"{kind}\"\n{keys}\n"
        ));
        let list = home.run(&["connections", "list", "--output", "json"]).done().json();
        let said = list[0]["state"].as_str().unwrap_or_default();
        assert!(said.contains(state), "{kind}: {list}");
    }
    home.configure(
        "[connections.default]\ncloud = \"publik\"\n[connections.default.auth]\nkind = \"none\"\n",
    );
    let list = home.run(&["connections", "list"]).done();
    assert!(list.stdout.contains("`cloud` is wrong"), "{list:?}");
    assert!(list.stdout.contains("which the connector does not know"), "{list:?}");
    assert!(list.stdout.contains("did you mean \"public\"?"), "{list:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_anothers_or_has_expired_fails_the_test() {
    use base64::Engine as _;
    let server = crate::support::server::Server::start().await.expect("loopback is there");
    let answer = |status| crate::support::server::Answer {
        status,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: br#"{"value":[]}"#.to_vec(),
        ..Default::default()
    };
    let test = |claims: Value, status| {
        server.answer(answer(status));
        let claims = base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(claims.to_string());
        let home = Home::with_secret(&format!("e30.{claims}.c2ln"));
        home.configure(&format!(
            "[connections.default]\napi-url = \"{}\"\nallow-loopback-http = true\n[connections.default.auth]\n\
             kind = \"token\"\ntoken-env = \"{SECRET}\"\n",
            server.origin()
        ));
        home.run(&["connections", "test"])
    };
    let later = 4_102_444_800_u64;
    for own in [
        "https://api.securitycenter.microsoft.com",
        "https://api.securitycenter.windows.com/",
        "https://securitycenter.onmicrosoft.com/windowsatpservice",
        "fc780465-2017-40d4-a0c5-307022471b92",
        "https://api-gcc.securitycenter.microsoft.us",
    ] {
        let good = test(json!({ "aud": own, "exp": later, "roles": ["Alert.Read.All"] }), 200).done();
        assert!(good.stdout.contains("2100-01-01T00:00:00Z"), "{good:?}");
    }
    for (aud, status) in [
        ("https://graph.microsoft.com", 200),
        ("https://userrequestsgraphapi-prd.trafficmanager.net", 403),
        ("00000003-0000-0000-c000-000000000000", 503),
    ] {
        let foreign = test(json!({ "aud": aud, "exp": later, "roles": ["Alert.Read.All"] }), status);
        assert_eq!(foreign.code, 3, "{foreign:?}");
        assert!(foreign.stderr.contains(&format!("the token is for {aud}")), "{foreign:?}");
        assert!(foreign.stderr.contains("hint: obtain one for"), "{foreign:?}");
        assert!(foreign.stdout.contains("another API's"), "{foreign:?}");
    }
    let own = "https://api.securitycenter.microsoft.com";
    let old = test(json!({ "aud": own, "exp": 1, "roles": ["Alert.Read.All"] }), 401);
    assert_eq!(old.code, 3, "{old:?}");
    assert!(old.stderr.contains("the token expired at 1970-01-01T00:00:01Z"), "{old:?}");
    let refused = test(json!({ "aud": own, "exp": later, "roles": ["Alert.Read.All"] }), 401);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("hint: ") && !refused.stderr.contains("connections test"), "{refused:?}");
}

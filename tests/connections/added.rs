//! Connections that are added and removed.

use serde_json::json;

use crate::support::home::{Home, SECRET, simulator};

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
        (&json!("default"), &json!("second"), &json!("has its secret"))
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

    home.run(&["connections", "remove", "defalt"]).usage("did you mean `default`?");
}

#[test]
fn without_a_terminal_everything_comes_from_flags_and_nothing_secret_does() {
    let home = Home::empty();
    let add = |flags: &[&str]| home.run(&[&["connections", "add"], flags].concat());
    add(&[]).usage("--cloud or --api-url is missing");
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
    pasted.usage("not the name of a variable");
    let pasted = add(&[&some[..], &["--client-secret-env", "x8QcanaryDEF0123456789"]].concat());
    assert!(!pasted.stderr.contains("canary"), "{pasted:?}");
    pasted.usage("looks like a secret itself");
    let stand_in = ["--api-url", "https://api.example.com", "--kind", "client-secret", "--tenant-id", "t"];
    add(&stand_in).usage("--authority is missing");
    add(&["a b", "--cloud", "public", "--kind", "none"]).usage("not a valid name for a connection");
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

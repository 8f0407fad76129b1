//! What a test of a connection says and does.

use serde_json::{Value, json};

use crate::support::home::{Home, SECRET, simulator};
use crate::support::server::{Answer, Server};

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
    let server = Server::start().await.expect("loopback is there");
    let body = br#"{"value":[]}"#.to_vec();
    server.answer(Answer { status: 200, body, ..Default::default() });
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
async fn a_token_that_is_anothers_or_has_expired_fails_the_test() {
    use base64::Engine as _;
    let server = Server::start().await.expect("loopback is there");
    let answer = |status| Answer {
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
        assert!(foreign.stdout.contains("a token for this API"), "{foreign:?}");
    }
    let own = "https://api.securitycenter.microsoft.com";
    let old = test(json!({ "aud": own, "exp": 1, "roles": ["Alert.Read.All"] }), 401);
    assert_eq!(old.code, 3, "{old:?}");
    assert!(old.stderr.contains("the token expired at 1970-01-01T00:00:01Z"), "{old:?}");
    let refused = test(json!({ "aud": own, "exp": later, "roles": ["Alert.Read.All"] }), 401);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("hint: ") && !refused.stderr.contains("connections test"), "{refused:?}");
}

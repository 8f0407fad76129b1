//! What the list says, without asking anybody.

use serde_json::json;

use crate::support::home::Home;
use crate::support::server::{Answer, Server};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_is_seen_in_the_list_and_goes_with_its_connection() {
    let authority = Server::start().await.expect("loopback is there");
    // What it says to whoever asks for a code, and to whoever asks for a token.
    let body = json!({
        "device_code": "d", "user_code": "U", "verification_uri": "https://login.example.com", "expires_in": 900,
        "interval": 1, "access_token": "t", "refresh_token": "canary-refresh", "token_type": "Bearer"
    });
    let json = vec![("content-type".to_owned(), "application/json".to_owned())];
    let body = body.to_string().into_bytes();
    authority.answer(Answer { status: 200, headers: json, body, ..Default::default() });
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
    assert_eq!(states(), ["has a login", "has a login"]);
    assert_eq!(authority.received().len(), 2, "for a code and for a token");
    let removed = home.run(&["connections", "remove", "other"]).done();
    assert!(removed.stderr.contains("its login is kept: \"default\" uses it too"), "{removed:?}");
    assert_eq!(states()[0], "has a login");
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
        (
            "certificate",
            format!("client-id = \"c\"\ncertificate-file = {certificate:?}"),
            "certificate until ",
        ),
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

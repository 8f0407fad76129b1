//! Tokens that another program prints: the Azure CLI, or whatever the connection names; and all that it may print instead.

use serde_json::json;

use super::failures::{CREDENTIAL, assert_told};
use crate::support::home::{Home, Outcome, simulator};

/// Prints more than any token has.
const TEN_MEGABYTES: &str = "i=0; while [ $i -lt 10240 ]; do printf '%01024d' 0 || exit; i=$((i+1)); done";

fn home(api: &str, auth: &str) -> Home {
    let home = Home::empty();
    home.configure(&format!(
        "[connections.default]\napi-url = \"{api}\"\nallow-loopback-http = true\n[connections.default.auth]\n{auth}\n"
    ));
    home
}

/// Calls where a program is that runs the script; without one, where none is.
fn call(home: &Home, program: &str, script: Option<&str>) -> Outcome {
    if let Some(script) = script {
        home.program(program, script);
    }
    let mut command = home.command(&["call", "list-machines", "--deadline", "30s"]);
    command.env("PATH", home.path().join("bin")).output().expect("the command starts").into()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_azure_cli_does_wrong_is_told_by_name() {
    let api = simulator(json!({})).await;
    let by_hand = "az account get-access-token";
    let rows: [(&str, Option<&str>, &[&str]); 11] = [
        ("not installed", None, &["the Azure CLI was not found", "https://aka.ms/azure-cli"]),
        (
            "nobody",
            Some("echo \"ERROR: Please run 'az login' to setup account.\" >&2; exit 1"),
            &["run `az login`"],
        ),
        (
            "a login that is over",
            Some(
                "printf 'ERROR: AADSTS70043: The refresh token has expired.\\naz login --scope x\\n' >&2; exit 1",
            ),
            &["the sign-in has expired", "run `az login`"],
        ),
        (
            "consent",
            Some("echo 'ERROR: AADSTS65001: Not consented.' >&2; exit 1"),
            &["AADSTS65001: Not consented.", by_hand],
        ),
        ("nothing said", Some("exit 1"), &["it did not say why", by_hand]),
        ("nothing printed", Some(":"), &["not the JSON of a token", by_hand]),
        ("not JSON", Some("echo canary-junk"), &["not the JSON of a token", by_hand]),
        ("no token", Some("echo '{\"token\":\"canary\"}'"), &["not the JSON of a token", by_hand]),
        ("an empty token", Some("echo '{\"accessToken\":\"\"}'"), &["the token is empty"]),
        (
            "a web page",
            Some("echo '<!DOCTYPE html><title>canary</title>'"),
            &["not the JSON of a token", by_hand],
        ),
        ("10 MB", Some(TEN_MEGABYTES), &["`az`", "too many for a token"]),
    ];
    for (name, script, words) in rows {
        let home = home(api.url(), "kind = \"azure-cli\"\nscope = \"https://api.example/.default\"");
        assert_told(&call(&home, "az", script), name, CREDENTIAL, words, &["canary", "00000"]);
    }
    assert!(api.log().is_empty(), "the API was asked without a token");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_token_command_does_wrong_is_told_by_name() {
    let api = simulator(json!({})).await;
    let rows: [(&str, Option<&str>, &[&str]); 7] = [
        ("not there", None, &["`print-token`", "No such file"]),
        ("failed", Some("exit 4"), &["`print-token`", "exit status: 4", "by hand"]),
        ("killed", Some("kill -9 $$"), &["`print-token`", "signal: 9"]),
        ("nothing", Some(":"), &["the token is empty"]),
        ("JSON", Some("echo '{\"accessToken\": \"canary\"}'"), &["invalid characters", "JSON around it"]),
        ("a web page", Some("echo '<!DOCTYPE html><title>canary</title>'"), &["invalid characters"]),
        ("10 MB", Some(TEN_MEGABYTES), &["`print-token`", "too many for a token"]),
    ];
    for (name, script, words) in rows {
        let home = home(api.url(), "kind = \"token\"\ntoken-command = [\"print-token\"]");
        assert_told(&call(&home, "print-token", script), name, CREDENTIAL, words, &["canary", "00000"]);
    }
    assert!(api.log().is_empty(), "the API was asked without a token");
}

/// Leaves a child behind that holds the program's output, or its error output, for two minutes.
const LEFT_BEHIND: [&str; 3] = ["sleep 120 &", "sleep 120 >/dev/null &", "sleep 120 2>/dev/null &"];

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_leaves_a_child_behind_is_not_waited_for_beyond_its_end() {
    let api = simulator(json!({})).await;
    let token = api_token(&api).await;
    for child in LEFT_BEHIND {
        for (kind, program, printed) in [
            ("kind = \"token\"\ntoken-command = [\"print-token\"]", "print-token", format!("echo {token}")),
            (
                "kind = \"azure-cli\"\nscope = \"https://api.example/.default\"",
                "az",
                format!("echo '{{\"accessToken\":\"{token}\",\"expires_on\":4102444800}}'"),
            ),
        ] {
            let home = home(api.url(), kind);
            // Standard error of a token command is the user's own: a pipe of the test's would be held as well.
            let began = std::time::Instant::now();
            let script = format!("PATH=/usr/bin:/bin; {child} {printed}");
            home.program(program, &script);
            let mut command = home.command(&["call", "list-machines", "--deadline", "30s"]);
            command.env("PATH", home.path().join("bin"));
            let log = std::fs::File::create(home.path().join("stderr")).expect("the folder can be written");
            let status = command.stdout(log.try_clone().expect("it is a file")).stderr(log).status();
            assert!(status.expect("the command starts").success(), "{program}: {child}");
            assert!(
                began.elapsed() < std::time::Duration::from_secs(25),
                "{program}: {child} was waited for"
            );
        }
    }
}

/// A token that the API takes.
async fn api_token(api: &defender_simulator::Simulator) -> String {
    let form = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("grant_type", "client_credentials")
        .append_pair("client_id", api.client_id())
        .append_pair("client_secret", api.client_secret())
        .append_pair("scope", "https://api.securitycenter.microsoft.com/.default")
        .finish();
    let address = format!("{}/{}/oauth2/v2.0/token", api.url(), api.tenant_id());
    let reply = super::authority::client().post(address).body(form).send().await.expect("it answers");
    let reply: serde_json::Value =
        serde_json::from_slice(&reply.bytes().await.expect("it is whole")).expect("it is JSON");
    reply["access_token"].as_str().expect("there is a token").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_variable_with_a_line_break_is_named() {
    let api = simulator(json!({})).await;
    let home = home(api.url(), "kind = \"token\"\ntoken-env = \"MY_TOKEN\"");
    let mut command = home.command(&["call", "list-machines"]);
    let outcome: Outcome = command.env("MY_TOKEN", "canary\ncanary").output().expect("it starts").into();
    let words = ["the environment variable MY_TOKEN", "invalid characters", "on one line"];
    assert_told(&outcome, "a line break", CREDENTIAL, &words, &["canary"]);
}

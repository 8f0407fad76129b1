//! What is said when signing in fails, what to do about it, and the exit code: here, of an application with a secret.

use serde_json::{Value, json};

use super::applications::secret_lines;
use super::authority::Authority;
use crate::support::home::{Home, Outcome, SECRET};

/// Exit codes: 3, the credential must be changed; 7, later may do.
pub(super) const CREDENTIAL: i32 = 3;
pub(super) const LATER: i32 = 7;

/// What a failed sign-in must look like, whatever the reason.
#[track_caller]
pub(super) fn assert_told(outcome: &Outcome, name: &str, code: i32, words: &[&str], secrets: &[&str]) {
    assert_eq!(outcome.code, code, "{name}: {outcome:?}");
    assert_eq!(outcome.stdout, "", "{name}");
    let told = &outcome.stderr;
    assert!(told.starts_with("error: "), "{name}: {told}");
    assert!(told.contains("\nhint: "), "{name}: {told}");
    assert!(told.len() < 2000 && !told.contains("panicked"), "{name}: {told}");
    assert!(!told.chars().any(|letter| letter.is_control() && letter != '\n'), "{name}: {told:?}");
    for word in words {
        assert!(told.contains(word), "{name}: {word:?} is not in {told}");
    }
    for secret in secrets {
        assert!(!told.contains(secret), "{name}: {secret} was told: {told}");
    }
}

/// Calls with the secret in its variable.
pub(super) fn call(home: &Home, secret: &str) -> Outcome {
    let mut command = home.command(&["call", "list-machines", "--deadline", "60s"]);
    command.env(SECRET, secret).output().expect("the command starts").into()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn what_the_authority_says_is_told_by_name() {
    let authority = Authority::start(&json!({}));
    let api = authority.api().await;
    let home = authority.home(&api, &secret_lines(&authority));
    let secret = authority.fact("/secretClient/secret").to_owned();
    let entra = |code: u32, error: &str, text: &str| {
        let description = format!("AADSTS{code}: {text} Trace ID: 1 Correlation ID: 2 Timestamp: 3");
        json!({ "status": 400, "body": { "error": error, "error_description": description } })
    };
    let rows: [(&str, Value, &[&str]); 5] = [
        ("policy", entra(53003, "invalid_grant", "Blocked."), &["conditional access"]),
        ("disabled", entra(7_000_112, "unauthorized_client", "Disabled."), &["disabled"]),
        ("unknown code", entra(999_999, "odd_error", "Odd."), &["odd_error", "AADSTS999999"]),
        ("secret echoed", entra(7_000_215, "invalid_client", &format!("Not {secret}.")), &["wrong"]),
        ("terminal driven", entra(7_000_215, "invalid_client", "\u{1b}[2J\u{7}x\r\n"), &["wrong"]),
    ];
    for (name, mut fault, words) in rows {
        fault["path"] = "/oauth2/v2.0/token".into();
        authority.recover().await;
        authority.fail(&fault).await;
        let outcome = call(&home, &secret);
        assert_told(&outcome, name, CREDENTIAL, words, &[&secret]);
    }
    assert!(api.log().is_empty(), "the API was asked without a token");
    authority.recover().await;
    assert_eq!(call(&home, &secret).code, 0, "without faults it works");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the authority: tests/identity/run"]
async fn what_is_wrong_with_an_application_is_told_by_name() {
    for entra in [true, false] {
        let authority = Authority::start(&json!({ "entra": entra }));
        let api = authority.api().await;
        let lines = secret_lines(&authority);
        let home = authority.home(&api, &lines);
        let told = call(&home, "canary-wrong");
        assert_told(&told, "wrong secret", CREDENTIAL, &["secret is wrong"], &["canary"]);
        let unset = home.run(&["call", "list-machines"]);
        assert_told(&unset, "no secret", CREDENTIAL, &[SECRET], &[]);
        if entra {
            let id = authority.fact("/secretClient/id");
            let stranger = authority.home(&api, &lines.replace(id, "99999999-0000-0000-0000-000000000000"));
            let told = call(&stranger, "canary-wrong");
            assert_told(
                &told,
                "unknown application",
                CREDENTIAL,
                &["application", "`client-id`"],
                &["canary"],
            );
            let graph = format!("{lines}\nscope = \"https://graph.microsoft.com/.default\"");
            let told = call(&authority.home(&api, &graph), authority.fact("/secretClient/secret"));
            assert_told(&told, "unknown resource", CREDENTIAL, &["scope"], &["authority~client"]);
            let elsewhere = authority.home(&api, &lines);
            let text = std::fs::read_to_string(elsewhere.config()).expect("it was written");
            elsewhere.configure(&text.replace(authority.tenant(), "fabrikam.com"));
            let told = call(&elsewhere, "canary-wrong");
            assert_told(&told, "unknown tenant", CREDENTIAL, &["tenant"], &["canary"]);
        }
    }
    let old = json!({ "id": "11111111-8e47-4f0b-b6a1-2d7e9f4c8051", "secret": "canary-old", "expires": 1 });
    let authority = Authority::start(&json!({ "secretClient": old }));
    let api = authority.api().await;
    let told = call(&authority.home(&api, &secret_lines(&authority)), "canary-old");
    assert_told(&told, "expired secret", CREDENTIAL, &["secret has expired"], &["canary"]);
}

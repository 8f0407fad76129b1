//! Deliveries over HTTP are signed, by secrets that are never shown.

use standardwebhooks::Webhook;

use super::command_line::run;
use super::world::{SECRETS, alerts, api, events, home, ids, receiver};
use crate::support::home::Outcome;
use crate::support::server::Received;

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_can_tell_who_sends() {
    let api = api().await;
    let home = home(&api);
    let start = api.clock().now();
    let since = start.to_string();
    let expected = alerts(&api, start, 0..2);
    let receiver = receiver(202).await;
    let to = format!("{}/hooks/alerts?key=s3cret", receiver.origin());
    let words = ["watch", "new-alerts", "--to", &to, "--once", "--since", &since, "--allow-loopback-http"];
    let signed = [&words[..], &["--secret-env", "HOOK_SECRET", "--secret-env", "OLD_HOOK_SECRET"]].concat();
    let outcome = run(&home, &signed).await.done();
    assert!(!format!("{outcome:?}").contains("s3cret"), "{outcome:?}");
    let got = receiver.received();
    assert_eq!(ids(&events(&got)), expected);
    for request in &got {
        assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/hooks/alerts?key=s3cret"));
        assert_eq!(request.headers["content-type"], "application/cloudevents+json; charset=utf-8");
        assert_eq!(request.headers["webhook-signature"].split(' ').count(), 2);
        assert!(!request.headers.contains_key("authorization"), "the token is the API's alone");
        SECRETS.iter().for_each(|secret| verify(request, secret).expect("it is signed with both"));
        verify(request, "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").expect_err("it is not signed with that");
        let changed = Received { body: b"{}".to_vec(), ..request.clone() };
        verify(&changed, SECRETS[0]).expect_err("the signature is of the body");
    }

    alerts(&api, start, 2..3);
    let binary = [&words[..], &["--binary", "--secret-env", "HOOK_SECRET"]].concat();
    run(&home, &binary).await.done();
    let got = receiver.received();
    let [request] = &got[..] else { panic!("{got:?}") };
    assert_eq!(request.headers["content-type"], "application/json");
    assert_eq!(request.headers["ce-id"], "alert-000002");
    assert_eq!(request.headers["ce-type"], "defender-atp.new-alerts");
    assert_eq!(events(&got)[0]["id"], "alert-000002", "the body is the alert itself");
    verify(request, SECRETS[0]).expect("it is signed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_signing_secrets_the_wrong_one_is_named_and_not_shown() {
    let api = api().await;
    let home = home(&api);
    let words = ["watch", "new-alerts", "--to", "https://example.com/", "--once"];
    let both = [&words[..], &["--secret-env", "HOOK_SECRET", "--secret-env", "HOOK_NEW"]].concat();
    let wrong = "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let mut command = home.command(&both);
    command.env("HOOK_SECRET", SECRETS[0]).env("HOOK_NEW", wrong);
    let refused: Outcome = command.output().expect("the command starts").into();
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.stderr.contains("HOOK_NEW") && !refused.stderr.contains("HOOK_SECRET "), "{refused:?}");
    assert!(!refused.stderr.contains("MfKQ"), "{refused:?}");
    // The secret itself in the place of the variable's name.
    let misplaced = [&words[..], &["--secret-env", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw/+"]].concat();
    let refused = run(&home, &misplaced).await;
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.stderr.contains("is not a valid name") && !refused.stderr.contains("MfKQ"),
        "{refused:?}"
    );
    let missing = run(&home, &[&words[..], &["--secret-env", "HOOK_MISSING"]].concat()).await;
    assert!(missing.code == 2 && missing.stderr.contains("HOOK_MISSING"), "{missing:?}");
    assert!(missing.stderr.contains("signing secret"), "{missing:?}");
}

fn verify(request: &Received, secret: &str) -> Result<(), standardwebhooks::WebhookError> {
    let mut headers = http::HeaderMap::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        if let Some(value) = request.headers.get(name) {
            headers.insert(name, value.parse().expect("it arrived as a header"));
        }
    }
    Webhook::new(secret).expect("it is a secret").verify(&request.body, &headers)
}

//! The trigger functions that do not poll: subscribing, unsubscribing and reading notifications.

use super::parameter;
use crate::Connector;
use crate::bindings::exports::defender::atp::triggers::{AlertNotification, Guest};
use crate::failure::Failure;
use crate::testing::{answer, asked, reply};

#[test]
fn subscribing_sends_what_the_published_connector_sends() {
    answer(Ok(reply(201, r#"{"id":"s1","notificationUrl":"https://n/x","clientState":"flow"}"#)));
    let subscription =
        Connector::subscribe_to_alerts("https://n/x?sig=a b".replace(' ', "+")).expect("it is accepted");
    assert_eq!(
        (subscription.id.as_str(), subscription.notification_url.as_deref()),
        ("s1", Some("https://n/x"))
    );
    let [request] = asked().try_into().expect("it asks once");
    assert_eq!((request.method, request.target.as_str()), ("POST", "/subscriptions"));
    assert_eq!(
        request.body.as_deref(),
        Some(concat!(
            r#"{"clientState":"flow","changeType":"created","resource":"alerts","#,
            r#""expirationDateTime":"2038-09-20T12:00:00Z","notificationUrl":"https://n/x?sig=a+b"}"#
        ))
    );
    for junk in ["", "n/x", "ftp://n", "https://n/\r\n", "https://n/a b"] {
        assert_eq!(
            parameter(Connector::subscribe_to_alerts(junk.to_owned())).as_deref(),
            Some("notification-url")
        );
    }
}

#[test]
fn unsubscribing_takes_any_success() {
    answer(Ok(reply(204, "")));
    assert_eq!(Connector::unsubscribe_from_alerts("s/1".to_owned()).as_deref(), Ok("s/1"));
    let [request] = asked().try_into().expect("it asks once");
    assert_eq!(
        (request.method, request.target.as_str(), request.body),
        ("DELETE", "/subscriptions/s%2F1", None)
    );
    answer(Ok(reply(404, "")));
    assert!(matches!(Connector::unsubscribe_from_alerts("s".to_owned()), Err(Failure::PermanentNotFound(_))));
}

#[test]
fn a_notification_is_read_bare_in_a_list_and_wrapped() {
    let read = |body: &str| Connector::parse_alert_notification(body.to_owned());
    let one = vec![AlertNotification { id: "a".to_owned(), machine_id: Some("m".to_owned()) }];
    let bare = r#"{"id":"a","machineId":"m","more":1}"#;
    let quoted = serde_json::to_string(bare).expect("it is text");
    for body in [
        bare.to_owned(),
        format!("\u{feff} [{bare}] "),
        format!(r#"{{"body":{bare}}}"#),
        format!(r#"{{"Body":[{bare}],"headers":{{}}}}"#),
        format!(r#"{{"body":{quoted}}}"#),
        quoted.clone(),
    ] {
        assert_eq!(read(&body).as_ref(), Ok(&one), "{body}");
    }
    assert_eq!(read("[]").map(|list| list.len()), Ok(0));
    let huge = format!("[{bare}{}]", " ".repeat(1 << 20));
    let wrapped = (0..9).fold(bare.to_owned(), |inner, _| format!(r#"{{"body":{inner}}}"#));
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    for junk in [
        "",
        "{}",
        "null",
        "4",
        "a=b",
        r#"{"id":""}"#,
        r#"{"body":null}"#,
        r#"[{"machineId":"m"}]"#,
        r#""\u12""#,
        &huge,
        &wrapped,
        &deep,
    ] {
        assert_eq!(parameter(read(junk)).as_deref(), Some("body"), "{junk:.60}");
    }
    assert!(asked().is_empty());
}

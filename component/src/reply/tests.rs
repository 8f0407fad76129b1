//! Each status and each kind of body has exactly one meaning.

use super::{Judge, Reply, Trouble};
use crate::bindings::exports::defender::atp::advanced_hunting::HuntingResults;
use crate::bindings::exports::defender::atp::types::{Alert, MachineAction};
use crate::contract::Operation;
use crate::failure::Failure;
use crate::testing::{now, reply};

fn judge(operation: Operation) -> Judge<'static> {
    Judge { operation, secret: Some("t0ken"), now }
}

fn failure(operation: Operation, reply: Reply) -> Failure {
    judge(operation).accept(reply).expect_err("it is a failure")
}

fn read(status: u16, body: &str) -> Failure {
    failure(Operation::GetAlert, reply(status, body))
}

fn changed(status: u16, body: &str) -> Failure {
    failure(Operation::IsolateMachine, reply(status, body))
}

fn error(code: &str, message: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"{message}","target":"43f4"}}}}"#)
}

/// The name of a failure's case.
fn case(failure: &Failure) -> &'static str {
    match failure {
        Failure::Throttled(_) => "throttled",
        Failure::Unavailable(_) => "unavailable",
        Failure::PermanentInvalidInput(_) => "invalid-input",
        Failure::PermanentUnauthorized(_) => "unauthorized",
        Failure::PermanentForbidden(_) => "forbidden",
        Failure::PermanentNotFound(_) => "not-found",
        Failure::PermanentConflict(_) => "conflict",
        Failure::PermanentRejected(_) => "rejected",
        Failure::PermanentUnexpectedReply(_) => "unexpected-reply",
        Failure::PermanentOutcomeUnknown(_) => "outcome-unknown",
        Failure::ExecutionFailed => "execution-failed",
    }
}

#[test]
fn each_status_has_a_meaning_for_reads_and_for_changes() {
    for (status, of_read, of_change) in [
        (100, "unexpected-reply", "unexpected-reply"),
        (301, "unexpected-reply", "unexpected-reply"),
        (304, "unexpected-reply", "unexpected-reply"),
        (400, "invalid-input", "invalid-input"),
        (401, "unauthorized", "unauthorized"),
        (402, "rejected", "rejected"),
        (403, "forbidden", "forbidden"),
        (404, "not-found", "not-found"),
        (405, "rejected", "rejected"),
        (408, "unavailable", "outcome-unknown"),
        (409, "conflict", "conflict"),
        (410, "not-found", "not-found"),
        (413, "rejected", "rejected"),
        (415, "rejected", "rejected"),
        (422, "rejected", "rejected"),
        (429, "throttled", "throttled"),
        (451, "rejected", "rejected"),
        (500, "unavailable", "outcome-unknown"),
        (501, "rejected", "rejected"),
        (502, "unavailable", "outcome-unknown"),
        (503, "unavailable", "outcome-unknown"),
        (504, "unavailable", "outcome-unknown"),
        (599, "unavailable", "outcome-unknown"),
        (600, "unexpected-reply", "unexpected-reply"),
        (0, "unexpected-reply", "unexpected-reply"),
    ] {
        let body = error("Code", "Words");
        assert_eq!(
            (case(&read(status, &body)), case(&changed(status, &body))),
            (of_read, of_change),
            "{status}"
        );
        assert_eq!(
            (case(&read(status, "")), case(&changed(status, "<p>"))),
            (of_read, of_change),
            "{status}"
        );
    }
    assert_eq!(case(&failure(Operation::RunHuntingQuery, reply(503, ""))), "unavailable");
    // A proxy in front of the API may know that nothing was sent.
    let unsent = r#"{"error":{"code":"RequestNotSent","message":"x"}}"#;
    assert_eq!(case(&failure(Operation::IsolateMachine, reply(503, unsent))), "unavailable");
    assert_eq!(case(&failure(Operation::IsolateMachine, reply(502, unsent))), "outcome-unknown");
}

#[test]
fn a_code_decides_where_the_status_does_not() {
    let message = "Action is already in progress";
    let Failure::PermanentConflict(problem) = changed(400, &error("ActiveRequestAlreadyExists", message))
    else {
        panic!()
    };
    assert_eq!(problem.message, message);
    assert_eq!(
        (problem.code.as_deref(), problem.target.as_deref(), problem.status),
        (Some("ActiveRequestAlreadyExists"), Some("43f4"), Some(400))
    );
    assert_eq!(case(&changed(400, &error("OsPlatformNotSupported", ""))), "rejected");
    assert_eq!(case(&changed(400, &error("ClientVersionNotSupported", ""))), "rejected");
    assert_eq!(case(&read(400, &error("InvalidHashValue", ""))), "invalid-input");
}

#[test]
fn missing_roles_are_named_in_either_wording() {
    let roles = |message: &str| match read(403, &error("Forbidden", message)) {
        Failure::PermanentForbidden(missing) => missing.missing_roles.join(" "),
        other => panic!("{other:?}"),
    };
    let wording = "Missing application roles. API required roles: Machine.Read.All,Machine.ReadWrite.All, application roles: Machine.Isolate.";
    assert_eq!(roles(wording), "Machine.Read.All Machine.ReadWrite.All");
    let wording = "The application does not have any of the required application permissions (Machine.Isolate, Machine.Scan) to access the resource.";
    assert_eq!(roles(wording), "Machine.Isolate Machine.Scan");
    assert_eq!(roles("API required roles: A.B."), "A.B");
    assert_eq!(roles("The feature (live response) is off"), "");
    assert_eq!(roles(""), "");
}

#[test]
fn the_wait_is_read_from_wherever_it_stands() {
    let wait = |headers: &[(&str, &[u8])], message: &str| {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        let reply = Reply { headers, ..reply(429, &error("429", message)) };
        match failure(Operation::IsolateMachine, reply) {
            Failure::Throttled(throttling) => throttling.retry_after_seconds,
            other => panic!("{other:?}"),
        }
    };
    let hint = "API calls quota exceeded! Maximum allowed 30 per 00:01:00. You can send requests again in 8 seconds.";
    assert_eq!(wait(&[("Retry-After", b" 26 ")], hint), Some(26));
    assert_eq!(wait(&[("RETRY-AFTER", b"0")], ""), Some(0));
    assert_eq!(wait(&[("retry-after", b"999999999999999999999")], ""), Some(86_400));
    assert_eq!(wait(&[], hint), Some(8));
    for junk in [&b"-1"[..], b"1.5", b"soon", b"", b"\xff", b"+3"] {
        assert_eq!(wait(&[("retry-after", junk)], hint), Some(8), "{junk:?}");
        assert_eq!(wait(&[("retry-after", junk)], "maximum allowed 1500 per 01:00:00"), None, "{junk:?}");
    }
    // By the API's clock if the reply has a date, and otherwise by ours.
    let at = ("retry-after", &b"Sat, 31 Jan 2026 12:01:30 GMT"[..]);
    assert_eq!(wait(&[at], ""), Some(90));
    assert_eq!(wait(&[("date", b"Sat, 31 Jan 2026 12:01:00 GMT"), at], ""), Some(30));
    assert_eq!(wait(&[("date", b"Sat, 31 Jan 2026 13:00:00 GMT"), at], ""), Some(0));
}

#[test]
fn a_message_is_the_apis_own_or_says_what_came() {
    let message = |status: u16, headers: &[(&str, &str)], body: &str| {
        let headers =
            headers.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect();
        match failure(Operation::GetAlert, Reply { headers, ..reply(status, body) }) {
            Failure::PermanentUnauthorized(problem) | Failure::Unavailable(problem) => {
                (problem.message, problem.code)
            }
            other => panic!("{other:?}"),
        }
    };
    let (words, code) = message(
        401,
        &[],
        r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid\r\n secret"}"#,
    );
    assert_eq!((words.as_str(), code.as_deref()), ("AADSTS7000215: Invalid secret", Some("invalid_client")));
    assert_eq!(
        message(500, &[], &error("InternalServerError", "")).0,
        "the API answered 500 (InternalServerError)"
    );
    assert_eq!(message(500, &[], "").0, "the API answered 500 without a message");
    assert_eq!(message(503, &[], r#"{"Message":"Down"}"#).0, "Down");
    assert_eq!(
        message(500, &[], r#"{"error":{"code":429,"message":["x"]}}"#),
        ("the API answered 500 (429)".to_owned(), Some("429".to_owned()))
    );
    let (words, _) = message(502, &[("Content-Type", "text/html")], "<html>\u{1b}[31m\n\n <b>Bad\u{0}</b>");
    assert_eq!(
        words,
        "the API answered 502 with a body that is not one of its errors (text/html): <html>[31m <b>Bad</b>"
    );
    let (words, _) = message(500, &[], &"é".repeat(5000));
    assert!(words.ends_with('…') && words.matches('é').count() == 200, "{words}");
    let (words, _) = message(500, &[], &format!("\u{feff}{}", error("X", "BOM")));
    assert_eq!(words, "BOM");
    let deep = format!(r#"{{"error":{}1{}}}"#, "{\"a\":".repeat(10_000), "}".repeat(10_000));
    assert!(message(500, &[], &deep).0.starts_with("the API answered 500"));
    assert_eq!(message(500, &[], &error("X", &"m".repeat(9000))).0.chars().count(), 2001);
}

#[test]
fn no_message_repeats_the_token() {
    let padding = "x".repeat(196);
    for body in [
        "t0ken".to_owned(),
        error("t0ken", "Bearer t0ken"),
        format!("{padding}t0ken"),
        r#"{"error":"t0ken"}"#.to_owned(),
    ] {
        assert!(!format!("{:?}", read(500, &body)).contains("t0ken"), "{body}");
    }
    let accepted =
        judge(Operation::GetAlert).accept(reply(200, r#"{"incidentId":"t0ken"}"#)).expect("it is accepted");
    let failure = accepted.value::<Alert>().expect_err("it does not fit");
    assert!(!format!("{failure:?}").contains("t0ken"), "{failure:?}");
}

#[test]
fn a_change_that_was_accepted_is_said_to_be() {
    for body in ["", "{", "<html>", r#"{"id":"a""#] {
        let accepted =
            judge(Operation::UpdateAlert).accept(reply(201, body)).and_then(|reply| reply.value::<Alert>());
        match accepted {
            Err(Failure::PermanentUnexpectedReply(problem)) => {
                let words = "the API accepted the change, but answered 201 with";
                assert!(problem.message.starts_with(words), "{}", problem.message);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_reply_of_success_has_to_fit() {
    let value =
        |status: u16, body: &str| judge(Operation::GetAlert).accept(reply(status, body))?.value::<Alert>();
    for status in [200, 201, 202, 299] {
        assert!(value(status, "\u{feff}{\"id\":\"a\"}").is_ok());
        assert!(value(status, r#"{"id":null,"error":null}"#).is_ok());
        assert!(value(status, r#"{"id":"a","Error":{}}"#).is_ok());
    }
    for (status, body, words) in [
        (204, "", "the API answered 204 without a body"),
        (200, " \r\n", "the API answered 200 without a body"),
        (200, "<html>", "expected value at line 1 column 1"),
        (200, r#"{"id":"a""#, "EOF while parsing an object"),
        (200, "\u{feff} { \n} ", "the API answered 200 with an empty object"),
        (200, &error("Gone", "not here"), "the API answered 200 with an error: not here"),
        (201, r#"{"error":"invalid_client"}"#, "the API answered 201 with an error: invalid_client"),
        (200, r#"{"new":"a","Error":{}}"#, "the API answered 200 with an error: it gave no message"),
        (200, r#"{"id":"a","error":{"code":"Part"}}"#, "the API answered 200 with an error: Part"),
        (
            201,
            r#"{"evidence":[{"processId":"x"}]}"#,
            "201 with a body that does not fit the contract: evidence: processId: invalid value",
        ),
    ] {
        match value(status, body) {
            Err(Failure::PermanentUnexpectedReply(problem)) => {
                assert!(problem.message.contains(words), "{}", problem.message);
                assert_eq!(problem.status, Some(status));
            }
            other => panic!("{other:?}"),
        }
    }
    let single = |body: &str| judge(Operation::GetInvestigationPackageUri).accept(reply(200, body))?.single();
    assert_eq!(single(r#"{"value":5146}"#).as_deref(), Ok("5146"));
    assert_eq!(single(r#"{"value":"\"a\"\""}"#).as_deref(), Ok("a\""));
    assert_eq!(single(r#"{"value":"\""}"#).as_deref(), Ok("\""));
    for body in ["{}", r#"{"value":null}"#, r#"{"value":[]}"#, "[]", "", "4"] {
        assert_eq!(single(body).as_ref().map_err(case), Err("unexpected-reply"), "{body}");
    }
}

#[test]
fn an_error_member_beside_what_was_asked_for_is_no_failure() {
    let action =
        |body: &str| judge(Operation::GetMachineAction).accept(reply(200, body))?.value::<MachineAction>();
    let older =
        r#"{"id":"a1","type":"RunAntiVirusScan","status":"Succeeded","error":"None","fileInstances":null}"#;
    let read = action(older).expect("it is the action");
    assert_eq!((read.id.as_deref(), read.status.as_deref()), (Some("a1"), Some("Succeeded")));
    for nothing in [r#""""#, "0", "false", "[]", "{}", r#"{"inner":1}"#] {
        let body = format!(r#"{{"status":"Failed","error":{nothing}}}"#);
        assert_eq!(action(&body).ok().and_then(|read| read.status).as_deref(), Some("Failed"), "{body}");
    }
    let alone = r#"{"error":"None","error_description":"why","@odata.context":"x"}"#;
    assert_eq!(action(alone).as_ref().map_err(case), Err("unexpected-reply"));
    let hunting = r#"{"Schema":[],"Results":[{}],"error":{"code":"PartialError","message":"too long"}}"#;
    let hunting = judge(Operation::RunHuntingQuery)
        .accept(reply(200, hunting))
        .and_then(|reply| reply.value::<HuntingResults>());
    let Err(Failure::PermanentUnexpectedReply(problem)) = hunting else { panic!("{hunting:?}") };
    assert!(problem.message.ends_with("too long"), "{}", problem.message);
}

#[test]
fn a_reply_that_breaks_off_leaves_a_change_in_doubt() {
    let cut = |operation, status| {
        failure(operation, Reply { cut_short: Some("reset".to_owned()), ..reply(status, "{") })
    };
    assert_eq!(case(&cut(Operation::GetAlert, 200)), "unavailable");
    assert_eq!(case(&cut(Operation::IsolateMachine, 201)), "outcome-unknown");
    assert_eq!(case(&cut(Operation::IsolateMachine, 400)), "invalid-input");
}

#[test]
fn without_a_reply_it_depends_on_how_far_the_request_came() {
    let both = |trouble: &Trouble| {
        let of = |operation| judge(operation).trouble(trouble);
        (case(&of(Operation::ListAlerts)), case(&of(Operation::CreateAlert)))
    };
    assert_eq!(both(&Trouble::NotSent("x".to_owned())), ("unavailable", "unavailable"));
    assert_eq!(both(&Trouble::Denied("x".to_owned())), ("rejected", "rejected"));
    assert_eq!(both(&Trouble::Unclear("x".to_owned())), ("unavailable", "outcome-unknown"));
    assert_eq!(both(&Trouble::TooLarge(7)), ("unexpected-reply", "unexpected-reply"));
    let Failure::PermanentUnexpectedReply(problem) =
        judge(Operation::GetAlert).trouble(&Trouble::TooLarge(7))
    else {
        panic!()
    };
    assert!(problem.message.contains("more than 7 bytes"));
}

#[test]
fn headers_are_found_in_any_case_and_between_junk() {
    let headers = [
        ("X", &b"\xff"[..]),
        ("Content-Length", b"\xff"),
        ("content-length", b" 12 "),
        ("content-length", b"13"),
    ];
    let headers: Vec<_> = headers.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
    let mut reply = Reply { headers, ..reply(200, "short") };
    assert_eq!(reply.announced(), Some(12));
    assert_eq!(reply.missing(12).as_deref(), Some("5 of 12 bytes came"));
    assert_eq!(reply.missing(5), None);
    reply.headers.push(("Content-Encoding".to_owned(), b"gzip".to_vec()));
    assert_eq!(reply.announced(), None);
}

//! The actions, each against its case file: the input a caller gives, the request that the API must see to the byte,
//! the reply, and the output or failure that the caller must get.
//!
//! A case file is `cases/<interface>/<action>.json`. In all of its texts `{origin}` is the API's origin, and `{long}` 5 kB
//! of letters. What goes wrong in all actions alike is in `cases/failures.json`.

mod failures;
pub(crate) mod file;
mod run;

use std::collections::BTreeSet;

use connector_host::FailureCase;
use file::CaseFile;
use run::Bench;
use serde_json::{Value, json};

use crate::support;
use crate::support::clock::LeapingClock;
use crate::support::difference::Differences;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_case_is_as_its_file_says() {
    let mut tasks = tokio::task::JoinSet::new();
    for path in file::paths() {
        tasks.spawn(async move {
            let bench = Bench::new().await;
            let file = CaseFile::read(&path, &bench.server.origin());
            let mut broken = Vec::new();
            for case in &file.cases {
                let differences = bench.run(&file.action, case).await;
                if !differences.is_empty() {
                    broken.push(differences.under(&format!("{}: {}", file.name, case.name)));
                }
            }
            broken
        });
    }
    report(tasks.join_all().await.concat());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_failure_is_the_same_in_each_action() {
    let mut tasks = tokio::task::JoinSet::new();
    for path in file::paths() {
        tasks.spawn(async move {
            let bench = Bench::new().await;
            let file = CaseFile::read(&path, &bench.server.origin());
            if !file.sends() {
                return Vec::new();
            }
            let (_, connector) = support::connector();
            let function = connector.find(&file.action).expect("the file is an action's");
            let is_read = function.action.effect.is_read();
            let mut broken = Vec::new();
            for failure in failures::read().iter().filter(|failure| failure.is_of(&file.action)) {
                let differences = bench.fail(&file, failure, is_read).await;
                if !differences.is_empty() {
                    broken.push(differences.under(&format!("{}: {}", file.name, failure.name)));
                }
            }
            broken
        });
    }
    report(tasks.join_all().await.concat());
}

#[test]
fn every_function_has_cases() {
    let (_, connector) = support::connector();
    let exported: BTreeSet<String> = connector
        .functions()
        .map(|function| {
            let interface = function.action.interface.rsplit('/').next().unwrap_or_default();
            let interface = interface.split('@').next().unwrap_or_default();
            format!("{interface}/{}", function.action.name)
        })
        .collect();
    let described: BTreeSet<String> = file::paths().iter().map(|path| file::name(path)).collect();
    let list = |names: &[&String]| names.iter().map(|name| format!("\n  {name}")).collect::<String>();
    let without: Vec<_> = exported.difference(&described).collect();
    assert!(without.is_empty(), "exports without cases:{}", list(&without));
    let strangers: Vec<_> = described.difference(&exported).collect();
    assert!(strangers.is_empty(), "cases without an export:{}", list(&strangers));
    for path in file::paths() {
        let file = CaseFile::read(&path, "http://127.0.0.1");
        assert!(file.name.ends_with(&format!("/{}", file.action)), "{} is about {}", file.name, file.action);
        assert!(file.first_success().is_some(), "{} has no case that succeeds", file.name);
        let names: BTreeSet<_> = file.cases.iter().map(|case| &case.name).collect();
        assert_eq!(names.len(), file.cases.len(), "{} has two cases of one name", file.name);
    }
}

/// What `failures.json` and the case files expect must be among what the contract knows.
#[test]
fn every_failure_case_that_an_api_can_cause_is_shown() {
    let shown: BTreeSet<String> = failures::read().iter().flat_map(failures::FailureFile::cases).collect();
    let known = [
        FailureCase::Throttled,
        FailureCase::Unavailable,
        FailureCase::PermanentInvalidInput,
        FailureCase::PermanentUnauthorized,
        FailureCase::PermanentForbidden,
        FailureCase::PermanentNotFound,
        FailureCase::PermanentConflict,
        FailureCase::PermanentRejected,
        FailureCase::PermanentUnexpectedReply,
        FailureCase::PermanentOutcomeUnknown,
    ];
    assert_eq!(shown, known.iter().map(ToString::to_string).collect());
}

/// The runner itself: whatever is wrong with a case, it must say so.
#[tokio::test]
async fn a_wrong_case_is_noticed() {
    let bench = Bench::new().await;
    let path = support::path("cases/machine-actions/isolate-machine.json");
    let right = &file::parse::<Value>(&path, &bench.server.origin())["cases"][0];
    let mistakes = [
        ("/request/method", json!("PATCH"), "request.method"),
        ("/request/path", json!("/api/machines/other/isolate"), "request.target"),
        ("/request/query", json!("$top=1"), "request.target"),
        ("/request/body", json!("{}"), "request.body"),
        ("/request/body", json!(null), "request.body"),
        ("/request/headers/accept", json!("text/plain"), "request.headers.accept"),
        ("/request/headers/user-agent", json!("curl/*"), "request.headers.user-agent"),
        ("/request/headers/x-more", json!("1"), "request.headers.x-more"),
        ("/request/headers", json!({}), "request.headers.authorization"),
        ("/request", json!(null), "request"),
        ("/output/status", json!("Gone"), "output.status"),
        ("/output/scope", json!(null), "output.scope"),
        ("/output/errorHResult", json!(0.0), "output.errorHResult"),
        ("/output", json!({}), "output.id"),
        ("/output", json!(null), "case"),
        ("/failure", json!({"case": "throttled"}), "case"),
        ("/input/Comment", json!("another"), "request.body"),
        ("/input/Comment", json!(null), "request"),
        ("/reply/status", json!(404), "output"),
        ("/reply/body", json!("{"), "output"),
    ];
    for (pointer, value, place) in mistakes {
        let mut wrong = right.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("it points at something");
        let parent =
            wrong.pointer_mut(parent).and_then(Value::as_object_mut).expect("and that is in an object");
        parent.insert(key.to_owned(), value.clone());
        let case = serde_json::from_value(wrong).expect("it is still a case");
        let differences = bench.run("isolate-machine", &case).await;
        assert!(differences.are_at(place), "{pointer} as {value}: {}", differences.under("noticed only"));
    }
    let case = serde_json::from_value(right.clone()).expect("it is a case");
    assert!(bench.run("isolate-machine", &case).await.is_empty());
}

fn report(broken: Vec<String>) {
    assert!(broken.is_empty(), "{} cases differ:\n\n{}\n", broken.len(), broken.join("\n\n"));
}

impl Bench {
    /// Runs one case, and says what is not as the case says.
    async fn run(&self, action: &str, case: &file::Case) -> Differences {
        self.server.answer(case.reply.as_ref().map(file::Reply::answer).unwrap_or_default());
        let outcome = self.connection.call_within(LeapingClock::PATIENCE, action, case.input.clone()).await;
        let received = self.server.received();
        let mut differences = Differences::default();
        match (&case.request, &received[..]) {
            (None, []) => {}
            (None, [request, ..]) => {
                differences.add("request", "none", &format!("{} {}", request.method, request.target))
            }
            (Some(_), []) => differences.add("request", "one", "none"),
            (Some(expected), [request, rest @ ..]) => {
                differences.compare("requests", &1, &(rest.len() + 1));
                run::compare_request(&mut differences, expected, request, &self.server.host());
            }
        }
        match (&case.output, &case.failure, outcome) {
            (Some(_), Some(_), _) | (None, None, _) => {
                differences.add("case", "an output or a failure", "both or neither");
            }
            (Some(expected), _, Ok(reply)) => differences.compare_json("output", expected, &reply.value()),
            (Some(_), _, Err(error)) => differences.add("output", "a success", &run::told(&error.failure())),
            (None, Some(expected), Err(error)) => {
                run::compare_failure(&mut differences, expected, &error.failure())
            }
            (None, _, Ok(reply)) => differences.add("output", "a failure", reply.json()),
        }
        differences
    }

    /// Makes an action fail, and says what is not as the failure file says.
    async fn fail(&self, file: &CaseFile, failure: &failures::FailureFile, is_read: bool) -> Differences {
        let mut differences = Differences::default();
        let Some(success) = file.first_success() else {
            return differences;
        };
        self.server.answer(failure.reply.answer());
        let outcome =
            self.connection.call_within(LeapingClock::PATIENCE, &file.action, success.input.clone()).await;
        let received = self.server.received();
        let expected = if is_read { &failure.read } else { &failure.change };
        match outcome {
            Ok(reply) => differences.add("output", "a failure", reply.json()),
            Err(error) => run::compare_failure(&mut differences, &expected.failure, &error.failure()),
        }
        differences.compare("requests", &expected.requests, &received.len());
        if let [first, rest @ ..] = &received[..] {
            // What goes wrong after it was sent must not change what is sent.
            if let Some(request) = &success.request {
                run::compare_request(&mut differences, request, first, &self.server.host());
            }
            for repeated in rest {
                differences.compare("repeated request", first, repeated);
            }
        }
        differences
    }
}

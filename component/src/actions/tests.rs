//! Each action sends exactly the right request, byte for byte, and reads the answer.

use crate::Connector;
use crate::bindings::exports::defender::atp::advanced_hunting::Guest as AdvancedHunting;
use crate::bindings::exports::defender::atp::alerts::{AlertStatus, Guest as Alerts};
use crate::bindings::exports::defender::atp::investigations::Guest as Investigations;
use crate::bindings::exports::defender::atp::machine_actions::{
    Guest as MachineActions, IsolationType, LiveResponseCommandType, LiveResponseStep, ScanType,
};
use crate::bindings::exports::defender::atp::machines::{Guest as Machines, TagAction};
use crate::bindings::exports::defender::atp::remediation::Guest as Remediation;
use crate::bindings::exports::defender::atp::statistics::Guest as Statistics;
use crate::bindings::exports::defender::atp::types::{LiveResponseParameter, OdataOptions};
use crate::failure::Failure;
use crate::testing::{answer, asked, reply, set};

/// The request of an action, and its result when the API answers with `body`.
fn exchange<T>(body: &str, action: impl FnOnce() -> Result<T, Failure>) -> (String, T) {
    answer(Ok(reply(200, body)));
    let result = action().unwrap_or_else(|failure| panic!("{failure:?}"));
    let mut asked = asked();
    let request = asked.pop().expect("it asks");
    assert!(asked.is_empty(), "it asks once");
    let has_type = request.headers.iter().any(|(name, _)| *name == "content-type");
    assert_eq!(has_type, request.body.is_some());
    (format!("{} {} {}", request.method, request.target, request.body.unwrap_or_default()), result)
}

fn text(text: &str) -> String {
    text.to_owned()
}

fn options() -> OdataOptions {
    OdataOptions {
        filter: Some(text("status eq 'New'")),
        select: None,
        order_by: None,
        top: Some(5),
        skip: None,
        count: Some(true),
        next_link: None,
    }
}

/// An entity without any properties.
const NOTHING_SET: &str = r#"{"id":null}"#;

const ACTION: &str =
    r#"{"id":"a1","type":"Isolate","status":"Pending","errorHResult":-2147467260,"commands":[]}"#;

#[test]
fn machine_actions_that_are_asked_for() {
    type Act =
        fn(String, String) -> Result<crate::bindings::exports::defender::atp::types::MachineAction, Failure>;
    let acts: [(&str, Act); 4] = [
        ("collectInvestigationPackage", Connector::collect_investigation_package),
        ("unisolate", Connector::unisolate_machine),
        ("restrictCodeExecution", Connector::restrict_app_execution),
        ("unrestrictCodeExecution", Connector::unrestrict_app_execution),
    ];
    for (path, act) in acts {
        let (asked, action) = exchange(ACTION, || act(text("m1"), text("Cleaned \"up\"\n")));
        assert_eq!(asked, format!(r#"POST /api/machines/m1/{path} {{"Comment":"Cleaned \"up\"\n"}}"#));
        assert_eq!((action.id.as_deref(), action.error_hresult), (Some("a1"), Some(-2_147_467_260)));
    }
    let (asked, _) = exchange(ACTION, || Connector::cancel_machine_action(text("a1"), text("c")));
    assert_eq!(asked, r#"POST /api/machineactions/a1/cancel {"Comment":"c"}"#);
    let (asked, _) =
        exchange(ACTION, || Connector::isolate_machine(text("m1"), text("c"), IsolationType::Full));
    assert_eq!(asked, r#"POST /api/machines/m1/isolate {"Comment":"c","IsolationType":"Full"}"#);
    let (asked, _) =
        exchange(ACTION, || Connector::run_antivirus_scan(text("m1"), text("c"), ScanType::Quick));
    assert_eq!(asked, r#"POST /api/machines/m1/runAntiVirusScan {"Comment":"c","ScanType":"Quick"}"#);
}

#[test]
fn live_response() {
    let parameter = |key: &str, value: Option<&str>| LiveResponseParameter {
        key: Some(text(key)),
        value: value.map(text),
    };
    let step = |kind, params| LiveResponseStep { type_: kind, params };
    let commands = vec![
        step(LiveResponseCommandType::PutFile, None),
        step(
            LiveResponseCommandType::RunScript,
            Some(vec![parameter("ScriptName", Some("a.ps1")), parameter("Args", None)]),
        ),
        step(LiveResponseCommandType::GetFile, Some(vec![])),
    ];
    let (asked, _) = exchange(ACTION, || Connector::run_live_response(text("m1"), text("c"), commands));
    assert_eq!(
        asked,
        concat!(
            r#"POST /api/machines/m1/runliveresponse {"Comment":"c","Commands":[{"type":"PutFile"},"#,
            r#"{"type":"RunScript","params":[{"key":"ScriptName","value":"a.ps1"},{"key":"Args"}]},"#,
            r#"{"type":"GetFile","params":[]}]}"#,
        )
    );
    let none = Connector::run_live_response(text("m1"), text("c"), vec![]);
    assert!(
        matches!(none, Err(Failure::PermanentInvalidInput(input)) if input.parameter.as_deref() == Some("commands"))
    );
}

#[test]
fn machine_actions_that_are_looked_at() {
    let (asked, action) = exchange(ACTION, || Connector::get_machine_action(text("a1")));
    assert_eq!((asked.as_str(), action.type_.as_deref()), ("GET /api/machineactions/a1 ", Some("Isolate")));
    let page = format!(r#"{{"@odata.count":1,"value":[{ACTION}],"@odata.nextLink":"https://x/y"}}"#);
    let (asked, page) = exchange(&page, || Connector::list_machine_actions(options()));
    assert_eq!(asked, "GET /api/machineactions?$filter=status%20eq%20%27New%27&$top=5&$count=true ");
    assert_eq!((page.count, page.value.len(), page.next_link.as_deref()), (Some(1), 1, Some("https://x/y")));
    // The API puts this value in a second pair of quotes.
    let (asked, uri) = exchange(r#"{"value":"\"https://a/b?c=%2f\""}"#, || {
        Connector::get_investigation_package_uri(text("a1"))
    });
    assert_eq!(
        (asked.as_str(), uri.as_str()),
        ("GET /api/machineactions/a1/getPackageUri ", "https://a/b?c=%2f")
    );
    let (asked, uri) =
        exchange(r#"{"value":"https://a"}"#, || Connector::get_live_response_result_uri(text("a1"), 3));
    assert_eq!(asked, "GET /api/machineactions/a1/GetLiveResponseResultDownloadLink(index=3) ");
    assert_eq!(uri, "https://a");
}

#[test]
fn investigations() {
    let single = r#"{"id":"63004","startTime":"2020-01-06T13:05:15Z","endTime":null}"#;
    let (asked, found) = exchange(single, || Connector::get_investigation(text("da6_-1")));
    assert_eq!((asked.as_str(), found.end_time), ("GET /api/investigations/da6_-1 ", None));
    let (asked, page) = exchange(r#"{"value":[]}"#, || Connector::list_investigations(options()));
    assert_eq!(asked, "GET /api/investigations?$filter=status%20eq%20%27New%27&$top=5&$count=true ");
    assert_eq!((page.count, page.value.len(), page.next_link), (None, 0, None));
    let (asked, id) = exchange(r#"{"value":9223372036854775808}"#, || {
        Connector::initiate_investigation(text("m1"), text("c"))
    });
    assert_eq!(asked, r#"POST /api/machines/m1/initiateInvestigation {"Comment":"c"}"#);
    assert_eq!(id, "9223372036854775808");
    let (asked, _) = exchange(single, || Connector::start_investigation(text("m1"), text("c")));
    assert_eq!(asked, r#"POST /api/machines/m1/startInvestigation {"Comment":"c"}"#);
}

#[test]
fn advanced_hunting() {
    let body = r#"{"Stats":{"ExecutionTime": 4.6},"Schema":[{"Name":"T","Type":"DateTime"}],"Results":[{"T": 1e2, "U":[null]},{}]}"#;
    let (asked, results) = exchange(body, || Connector::run_hunting_query(text("T |limit 2")));
    assert_eq!(asked, r#"POST /api/advancedqueries/run {"Query":"T |limit 2"}"#);
    assert_eq!(
        (results.schema[0].name.as_str(), results.schema[0].type_.as_deref()),
        ("T", Some("DateTime"))
    );
    assert_eq!(results.results, [r#"{"T": 1e2, "U":[null]}"#, "{}"]);
    assert_eq!(results.stats.as_deref(), Some(r#"{"ExecutionTime": 4.6}"#));
    let (asked, schema) =
        exchange("\u{feff} {\"type\":\"object\"}\n", || Connector::get_hunting_schema(text("T")));
    assert_eq!(asked, r#"POST /api/advancedqueries/schema {"Query":"T"}"#);
    assert_eq!(schema, r#"{"type":"object"}"#);
}

#[test]
fn hunting_without_a_schema_has_the_columns_of_its_rows_in_order_of_appearance() {
    for schema in ["", r#""Schema":null,"#, r#""Schema":[],"#] {
        let body = format!(r#"{{{schema}"Results":[{{"b":1,"a":null}},{{"a":2,"\u00e9":{{"x":1}}}}]}}"#);
        let (_, results) = exchange(&body, || Connector::run_hunting_query(text("T")));
        let columns: Vec<_> = results.schema.iter().map(|column| (&*column.name, &column.type_)).collect();
        assert_eq!(columns, [("b", &None), ("a", &None), ("é", &None)], "{body}");
        assert_eq!(results.results.len(), 2);
    }
    let (_, nothing) = exchange(r#"{"Results":[]}"#, || Connector::run_hunting_query(text("T")));
    assert!(nothing.schema.is_empty() && nothing.results.is_empty());
}

#[test]
fn a_hunting_row_that_is_not_an_object_is_an_unexpected_reply() {
    for row in ["1", "[1]", r#""a""#, "true"] {
        answer(Ok(reply(200, &format!(r#"{{"Schema":[],"Results":[{{}},{row}]}}"#))));
        let failure = Connector::run_hunting_query(text("T")).expect_err(row);
        asked();
        let Failure::PermanentUnexpectedReply(problem) = failure else { panic!("{row}: {failure:?}") };
        assert!(problem.message.ends_with("with a row that is not an object"), "{}", problem.message);
    }
}

#[test]
fn alerts() {
    let (asked, _) = exchange(NOTHING_SET, || {
        let [machine, time, severity, category] =
            ["m1", "2018-08-03T16:45:21.7115183Z", "Low", "Exploit"].map(text);
        let [title, description, action] = ["example", "example alert", "nothing"].map(text);
        Connector::create_alert(machine, i64::MAX, time, severity, category, title, description, action)
    });
    assert_eq!(
        asked,
        concat!(
            r#"POST /api/alerts/createAlertByReference {"machineId":"m1","severity":"Low","title":"example","#,
            r#""description":"example alert","recommendedAction":"nothing","#,
            r#""eventTime":"2018-08-03T16:45:21.7115183Z","reportId":"9223372036854775807","category":"Exploit"}"#,
        )
    );
    let (asked, _) =
        exchange(r#"{"value":[{}]}"#, || Connector::list_alerts(Some(text("evidence")), options()));
    assert_eq!(asked, "GET /api/alerts?$expand=evidence&$filter=status%20eq%20%27New%27&$top=5&$count=true ");
    let (asked, alert) = exchange(r#"{"incidentId":9007199254740993,"severity":"UnSpecified"}"#, || {
        Connector::get_alert(text("a"))
    });
    assert_eq!(asked, "GET /api/alerts/a ");
    assert_eq!(
        (alert.incident_id, alert.severity.as_deref()),
        (Some(9_007_199_254_740_993), Some("UnSpecified"))
    );
    let (asked, _) = exchange(NOTHING_SET, || {
        Connector::update_alert(text("a"), None, Some(text("")), None, None, Some(text("c")))
    });
    assert_eq!(asked, r#"PATCH /api/alerts/a {"assignedTo":"","comment":"c"}"#);
    let (asked, _) = exchange(NOTHING_SET, || {
        let [owner, class, determination, comment] =
            ["s", "FalsePositive", "Malware", "c"].map(|word| Some(text(word)));
        Connector::update_alert(text("a"), Some(AlertStatus::Resolved), owner, class, determination, comment)
    });
    assert_eq!(
        asked,
        concat!(
            r#"PATCH /api/alerts/a {"status":"Resolved","assignedTo":"s","classification":"FalsePositive","#,
            r#""determination":"Malware","comment":"c"}"#,
        )
    );
    let nothing = Connector::update_alert(text("a"), None, None, None, None, None);
    assert!(matches!(nothing, Err(Failure::PermanentInvalidInput(_))) && crate::testing::asked().is_empty());
}

#[test]
fn machines() {
    let (asked, _) = exchange(r#"{"value":[]}"#, || Connector::list_machines(options()));
    assert_eq!(asked, "GET /api/machines?$filter=status%20eq%20%27New%27&$top=5&$count=true ");
    let (asked, machine) = exchange(r#"{"rbacGroupId":"140","osBuild":19045.0}"#, || {
        Connector::get_machine(text("host.example"))
    });
    assert_eq!(asked, "GET /api/machines/host.example ");
    assert_eq!((machine.rbac_group_id, machine.os_build), (Some(140), Some(19045)));
    let (asked, _) =
        exchange(NOTHING_SET, || Connector::tag_machine(text("m1"), text("test Tag 2"), TagAction::Remove));
    assert_eq!(asked, r#"POST /api/machines/m1/tags {"Value":"test Tag 2","Action":"Remove"}"#);
}

#[test]
fn statistics_look_back_a_day_unless_told() {
    let (asked, stats) = exchange(r#"{"host":"a.b","organizationPrevalence":4070}"#, || {
        Connector::get_domain_statistics(text("a.b"), None)
    });
    assert_eq!(
        (asked.as_str(), stats.organization_prevalence),
        ("GET /api/domains/a.b/stats?lookBackHours=24 ", Some(4070))
    );
    let (asked, stats) =
        exchange(r#"{"globallyPrevalence":9223372036854775807,"topFileNames":null}"#, || {
            Connector::get_file_statistics(text("0a"), Some(720))
        });
    assert_eq!(
        (asked.as_str(), stats.globally_prevalence),
        ("GET /api/files/0a/stats?lookBackHours=720 ", Some(i64::MAX))
    );
    let (asked, _) = exchange(NOTHING_SET, || Connector::get_ip_statistics(text("::1"), None));
    assert_eq!(asked, "GET /api/ips/%3A%3A1/stats?lookBackHours=24 ");
}

#[test]
fn remediation() {
    let (asked, page) =
        exchange(r#"{"value":[{"RecommendationReference":"va","targetDevices":18511}]}"#, || {
            Connector::list_remediation_activities(options())
        });
    assert_eq!(asked, "GET /api/remediationtasks?$filter=status%20eq%20%27New%27&$top=5&$count=true ");
    assert_eq!(page.value[0].recommendation_reference.as_deref(), Some("va"));
    let (asked, _) = exchange(NOTHING_SET, || Connector::get_remediation_activity(text("r 1")));
    assert_eq!(asked, "GET /api/remediationtasks/r%201 ");
    let (asked, page) =
        exchange(r#"{"value":[{"id":"m"}]}"#, || Connector::list_remediation_machines(text("r1"), None));
    assert_eq!((asked.as_str(), page.value.len()), ("GET /api/remediationtasks/r1/machinereferences ", 1));
}

#[test]
fn the_environment_says_where_to_ask() {
    set("DEFENDER_API_URL", "http://127.0.0.1:9000");
    set("DEFENDER_ACCESS_TOKEN", "secret");
    answer(Ok(reply(500, r#"{"error":{"code":"X","message":"no secret here: Bearer secret"}}"#)));
    let failure = Connector::get_alert(text("a"));
    let [request] = asked().try_into().expect("it asks once");
    assert_eq!(request.origin, "http://127.0.0.1:9000");
    assert!(request.headers.contains(&("authorization", text("Bearer secret"))));
    let Err(Failure::Unavailable(problem)) = failure else { panic!("{failure:?}") };
    assert_eq!(problem.message, "no [token] here: Bearer [token]");
}

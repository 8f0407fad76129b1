//! Replies are read leniently, and exactly to the last digit.

use super::{Decode, from_json};
use crate::bindings::exports::defender::atp::advanced_hunting::HuntingResults;
use crate::bindings::exports::defender::atp::machines::MachinePage;
use crate::bindings::exports::defender::atp::types::{
    Alert, FileStats, Investigation, LiveResponseCommandStatus, Machine, MachineAction, RemediationActivity,
};
use crate::bindings::exports::workflow::connector::connector_triggers::Subscription;

fn read<T: for<'json> Decode<'json>>(json: &str) -> T {
    from_json(json.as_bytes()).unwrap_or_else(|error| panic!("{json}: {error}"))
}

fn error<T: for<'json> Decode<'json>>(json: &str) -> String {
    match from_json::<T>(json.as_bytes()) {
        Ok(_) => panic!("{json} is read"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_absent_null_or_unknown_is_left_out() {
    let alert: Alert = read(r#"{"@odata.context":"x","id":null,"new":{"a":[1,{"b":2}]},"status":"Hidden"}"#);
    assert_eq!((alert.id, alert.status.as_deref()), (None, Some("Hidden")));
    assert_eq!(read::<Alert>("{}"), read::<Alert>(r#"{"evidence":null,"incidentId":null}"#));
}

#[test]
fn whole_numbers_are_exact_and_come_in_several_spellings() {
    let id = |json: &str| read::<Alert>(&format!(r#"{{"incidentId":{json}}}"#)).incident_id;
    for (json, expected) in [
        ("9223372036854775807", i64::MAX),
        ("-9223372036854775808", i64::MIN),
        ("\"9223372036854775807\"", i64::MAX),
        ("\" 140 \"", 140),
        ("140.0", 140),
        ("1e3", 1000),
        ("-0.0", 0),
    ] {
        assert_eq!(id(json), Some(expected), "{json}");
    }
    for json in [
        "9223372036854775808",
        "1.5",
        "1e300",
        "\"\"",
        "\"1.0\"",
        "true",
        "[]",
        "{}",
        "\"0x1\"",
        "9007199254740994.5e1",
    ] {
        let error = error::<Alert>(&format!(r#"{{"incidentId":{json}}}"#));
        assert!(error.starts_with("incidentId: "), "{json}: {error}");
    }
}

#[test]
fn a_number_in_a_text_field_keeps_its_digits_and_a_truth_value_is_text() {
    let version = |json: &str| read::<Machine>(&format!(r#"{{"version":{json}}}"#)).version;
    for (json, expected) in [
        ("1901", "1901"),
        ("-1", "-1"),
        ("18446744073709551615", "18446744073709551615"),
        ("10.5", "10.5"),
        ("10.10", "10.10"),
        ("0.30000000000000004441", "0.30000000000000004441"),
        ("1E+400", "1E+400"),
        ("true", "true"),
        ("\"\\u00e9\\n\\\"\\ud83d\\ude00\"", "é\n\"😀"),
        ("\"\\u0000\"", "\0"),
    ] {
        assert_eq!(version(json).as_deref(), Some(expected), "{json}");
    }
    assert!(error::<Machine>(r#"{"version":{}}"#).starts_with("version: invalid type: map, expected text"));
    assert_eq!(read::<Machine>(r#"{"isAadJoined":"True"}"#).is_aad_joined, Some(true));
}

#[test]
fn a_key_may_begin_in_either_case_and_a_null_does_not_undo_a_value() {
    let reference = |json: &str| read::<RemediationActivity>(json).recommendation_reference;
    assert_eq!(reference(r#"{"RecommendationReference":"a"}"#).as_deref(), Some("a"));
    assert_eq!(
        reference(r#"{"recommendationReference":"a","RecommendationReference":null}"#).as_deref(),
        Some("a")
    );
    assert_eq!(
        read::<FileStats>(r#"{"GloballyPrevalence":1,"globalPrevalence":"2"}"#).globally_prevalence,
        Some(1)
    );
}

#[test]
fn lists_and_records_nest() {
    let action: MachineAction = read(
        r#"{"commands":[{"index":0,"startTime":null,"commandStatus":"Failed","errors":["e1",null,"e2"],
            "command":{"type":"RunScript","params":[{"key":"ScriptName","value":"l.ps1"},{"key":"Args","value":null}]}},
            null,{"commandStatus":"Created"}],"relatedFileInfo":{"fileIdentifier":"f"},"troubleshootInfo":{ "a" : [1] }}"#,
    );
    let commands: Vec<LiveResponseCommandStatus> = action.commands.unwrap_or_default();
    assert_eq!(commands.len(), 2);
    assert_eq!(commands[0].errors, Some(vec!["e1".to_owned(), "e2".to_owned()]));
    let params =
        commands[0].command.as_ref().and_then(|command| command.params.as_ref()).expect("there are params");
    assert_eq!((params[0].value.as_deref(), params[1].value.as_deref()), (Some("l.ps1"), None));
    assert_eq!(action.related_file_info.and_then(|file| file.file_identifier).as_deref(), Some("f"));
    assert_eq!(action.troubleshoot_info.as_deref(), Some(r#"{ "a" : [1] }"#));
    let alert: Alert = read(
        r#"{"evidence":[{"entityType":"User","processId":4294967296}],"comments":[{"comment":"c"}],"mitreTechniques":[],
            "relatedUser":{"userName":"u"},"loggedOnUsers":[{"accountName":"n"}]}"#,
    );
    assert_eq!(alert.evidence.and_then(|evidence| evidence[0].process_id), Some(1 << 32));
    assert_eq!(alert.mitre_techniques, Some(vec![]));
}

#[test]
fn json_of_no_fixed_shape_keeps_all_but_its_nulls() {
    let metadata = |json: &str| read::<Machine>(&format!(r#"{{"vmMetadata":{json}}}"#)).vm_metadata;
    for (json, expected) in [
        (r#"{"vmId":"9","subscriptionId":null,"resourceId":"/s"}"#, r#"{"vmId":"9","resourceId":"/s"}"#),
        (r#"{ "a" : null }"#, "{}"),
        (r#"{"a":[null,{"b":null,"c":1.10}],"null":"null"}"#, r#"{"a":[null,{"c":1.10}],"null":"null"}"#),
        (r#"{"n":12345678901234567890123, "s":"\u00e4"}"#, r#"{"n":12345678901234567890123, "s":"\u00e4"}"#),
        (r#"[[],{},null]"#, "[[],{},null]"),
    ] {
        assert_eq!(metadata(json).as_deref(), Some(expected), "{json}");
    }
    assert_eq!(metadata("null"), None);
}

#[test]
fn fields_that_only_the_services_metadata_knows_are_read() {
    let alert: Alert =
        read(r#"{"domains":[{"host":"evil.example"}],"evidence":[{"registryValueName":"Run"}]}"#);
    assert_eq!(alert.domains.and_then(|domains| domains[0].host.clone()).as_deref(), Some("evil.example"));
    assert_eq!(alert.evidence.and_then(|all| all[0].registry_value_name.clone()).as_deref(), Some("Run"));
    assert_eq!(read::<Machine>(r#"{"groupName":"servers"}"#).group_name.as_deref(), Some("servers"));
}

#[test]
fn what_must_be_there_is_missed_by_name() {
    assert!(error::<MachinePage>("{}").starts_with("missing field `value`"));
    assert!(error::<MachinePage>(r#"{"value":null}"#).starts_with("missing field `value`"));
    assert!(error::<Subscription>(r#"{"notificationUrl":"x"}"#).starts_with("missing field `id`"));
    let error = error::<MachinePage>(r#"{"value":[{},{"ipAddresses":[{"macAddress":[]}]}]}"#);
    assert!(
        error.starts_with("value: ipAddresses: macAddress: invalid type: sequence, expected text at line 1"),
        "{error}"
    );
}

#[test]
fn what_is_no_json_or_too_deep_is_an_error() {
    for junk in ["", "<html>", "[]", "\"x\"", "4", "{\"id\":\"a\"", "{} {}", "{\"id\":\"a\",}", "nul"] {
        assert!(from_json::<Investigation>(junk.as_bytes()).is_err(), "{junk}");
    }
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(from_json::<Alert>(deep.as_bytes()).is_err());
    assert!(
        from_json::<HuntingResults>(format!(r#"{{"Schema":[],"Results":[{deep}]}}"#).as_bytes()).is_err()
    );
    assert!(from_json::<Alert>(format!(r#"{{"id":{deep}}}"#).as_bytes()).is_err());
    // A value that nobody reads does no harm.
    assert!(from_json::<Alert>(format!(r#"{{"unknown":{deep}}}"#).as_bytes()).is_ok());
    let brackets = format!(r#"{{"Schema":[],"Results":[{{"a":"{}\"\\"}}]}}"#, "[".repeat(1000));
    assert_eq!(read::<HuntingResults>(&brackets).results.len(), 1);
}

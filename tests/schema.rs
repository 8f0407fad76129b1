//! JSON Schema of actions and events: valid by its own rules, and true of what the cases give and get.

use connector_host::{CallError, Function};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::cases::file::{self, Case, CaseFile};
use crate::support;
use crate::support::home::Home;

/// An origin for cases that name one.
const ORIGIN: &str = "http://127.0.0.1:9000";

#[test]
fn each_schema_is_valid_and_stands_alone() {
    for (name, schema) in all() {
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{name}: {error} at {}", error.instance_path);
        }
        each(&schema, &mut |part| {
            assert!(part.get("$ref").is_none() && part.get("$defs").is_none(), "{name}: {part}");
        });
    }
}

#[test]
fn each_field_says_what_it_means() {
    for (name, schema) in all() {
        each(&schema, &mut |part| {
            for (key, field) in part.get("properties").and_then(Value::as_object).into_iter().flatten() {
                let text = |key: &str| field[key].as_str().is_some_and(|text| !text.is_empty());
                assert!(text("title") && text("description"), "{name}: `{key}` is not described: {field}");
            }
        });
    }
}

#[test]
fn what_cases_give_fits_the_input_schema_exactly_if_the_host_takes_it() {
    let mut wrong = Vec::new();
    let (mut taken, mut refused) = (0, 0);
    for_each_case(|function, case| {
        let Some(input) = case.input.as_object() else { return };
        let validator = validator(&schema(function).input);
        let is_taken = function.signature.arguments(input).is_ok();
        let fits = validator.is_valid(&plain(function, &case.input));
        *(if is_taken { &mut taken } else { &mut refused }) += 1;
        if fits != is_taken {
            let reason = validator.iter_errors(&case.input).map(|error| error.to_string()).next();
            wrong.push(format!("{}, {}: {} {reason:?}", function.action.name, case.name, case.input));
        }
    });
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    assert!(taken > 200 && refused > 50, "{taken} taken, {refused} refused");
}

#[test]
fn what_cases_get_fits_the_output_schema_and_has_no_field_besides() {
    let mut seen = 0;
    for_each_case(|function, case| {
        let Some(output) = &case.output else { return };
        let mut schema = schema(function).output;
        close(&mut schema);
        let validator = validator(&schema);
        let errors: Vec<String> = validator.iter_errors(output).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}, {}: {errors:?}\n{output}", function.action.name, case.name);
        seen += 1;
    });
    assert!(seen > 100, "{seen} outputs");
}

#[test]
fn the_data_of_events_fits_the_schema_of_the_trigger() {
    let (_, connector) = support::connector();
    for (trigger, source, action, events, data) in [
        ("new-alerts", "poll", "poll-new-alerts", "/events", "/data"),
        ("new-alerts", "push", "parse-alert-notification", "/value", ""),
        ("new-remediation-activities", "poll", "poll-new-remediation-activities", "/events", "/data"),
    ] {
        let mut schema =
            json!(connector.event_schema(trigger).expect("there is such a trigger"))[source].clone();
        close(&mut schema);
        let validator = validator(&schema);
        let mut seen = 0;
        for_each_case(|function, case| {
            let events = case.output.as_ref().and_then(|output| output.pointer(events)?.as_array());
            let events = events.filter(|_| function.action.name == action);
            for event in events.into_iter().flatten() {
                let data = event.pointer(data).expect("an event has data");
                assert!(validator.is_valid(data), "{action}, {}: {data}", case.name);
                seen += 1;
            }
        });
        assert!(seen > 0, "{action} has no case with events");
        assert!(!validator.is_valid(&json!({ "id": 1 })), "{action}");
    }
}

#[test]
fn integers_have_the_bounds_of_their_types_and_enums_both_spellings() {
    let (_, connector) = support::connector();
    let list = connector.schema("list-machines").expect("there is such an action").input;
    assert_eq!(list["properties"]["$top"]["minimum"], 0);
    assert_eq!(list["properties"]["$top"]["maximum"], u32::MAX);
    assert_eq!(list["properties"]["$skip"]["maximum"], u64::MAX);
    assert_eq!((&list["required"], &list["additionalProperties"]), (&json!([]), &json!(false)));

    let alert = connector.schema("get-alert").expect("there is such an action").output;
    assert_eq!(alert["properties"]["incidentId"]["minimum"], i64::MIN);
    assert_eq!(alert["properties"]["incidentId"]["maximum"], i64::MAX);

    let isolate = connector.schema("isolate-machine").expect("there is such an action").input;
    assert_eq!(isolate["required"], json!(["Machine ID", "Comment", "IsolationType"]));
    let kind = &isolate["properties"]["IsolationType"];
    assert_eq!(kind["enum"], json!(["Full", "Selective", "full", "selective"]));
    let about = kind["description"].as_str().expect("it is described");
    assert!(about.contains("`Full` (or `full`): "), "{about}");
}

#[test]
fn an_unknown_action_has_no_schema() {
    let (_, connector) = support::connector();
    let error = connector.schema("isolate-machin").expect_err("there is no such action");
    assert!(
        matches!(error, CallError::UnknownAction { similar: Some(name), .. } if name == "isolate-machine")
    );
    assert!(connector.event_schema("isolate-machine").is_err());
}

#[test]
fn the_command_schema_prints_what_the_library_makes() {
    let (_, connector) = support::connector();
    let home = Home::empty();
    let whole = home.run(&["schema", "isolate-machine"]).done().json();
    assert_eq!(whole, json!(connector.schema("isolate-machine").expect("there is such an action")));
    let input = home.run(&["schema", "isolate-machine", "input"]).done().json();
    assert_eq!(input, whole["input"]);
    let described = home.run(&["describe", "isolate-machine", "--output", "json"]).done().json();
    assert_eq!((&described["name"], &described["schema"]), (&json!("isolate-machine"), &whole));
    let events = home.run(&["schema", "new-alerts"]).done().json();
    assert_eq!(events, json!(connector.event_schema("new-alerts").expect("there is such a trigger")));
    home.run(&["schema", "new-alerts", "input"]).usage("`new-alerts` has no schema `input`");
    home.run(&["schema", "isolate-machin"]).usage("no action `isolate-machin`");
}

/// All schemas of the connector, with their names.
fn all() -> Vec<(String, Value)> {
    let (_, connector) = support::connector();
    let mut all = Vec::new();
    for function in connector.functions() {
        let schema = schema(function);
        all.push((format!("{} input", function.action.name), schema.input));
        all.push((format!("{} output", function.action.name), schema.output));
    }
    for trigger in &connector.manifest().triggers {
        let schema = connector.event_schema(&trigger.name).expect("the manifest names it");
        all.extend(schema.poll.map(|schema| (format!("{} poll", trigger.name), schema)));
        all.extend(schema.push.map(|schema| (format!("{} push", trigger.name), schema)));
    }
    all
}

fn schema(function: &Function) -> connector_host::ActionSchema {
    let (_, connector) = support::connector();
    connector.schema(&function.action.name).expect("the connector has the function")
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}"))
}

fn for_each_case(mut each: impl FnMut(&Function, &Case)) {
    let (_, connector) = support::connector();
    for path in file::paths() {
        let file = CaseFile::read(&path, ORIGIN);
        let function = connector.find(&file.action).expect("the file is an action's");
        file.cases.iter().for_each(|case| each(function, case));
    }
}

/// The input in the spelling that the schema has: what the host takes besides is spelt as it means it.
fn plain(function: &Function, input: &Value) -> Value {
    let mut spelt = Map::new();
    for (key, value) in input.as_object().into_iter().flatten() {
        let Some(parameter) = function.signature.meant_by(key) else {
            spelt.insert(key.clone(), value.clone());
            continue;
        };
        if value.is_null() && !parameter.required() {
            continue;
        }
        let number = value.as_str().filter(|_| parameter.shape.name() == "integer");
        let value = number.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone());
        // A parameter under two names stays two keys, which the schema does not take either.
        let key = if spelt.contains_key(&*parameter.key) { key } else { &*parameter.key };
        spelt.insert(key.to_owned(), value);
    }
    spelt.into()
}

/// Allows no fields but those that the schema names.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            if object.get("properties").is_some_and(Value::is_object) && object.contains_key("type") {
                object.insert("additionalProperties".into(), false.into());
            }
        }
        Value::Array(values) => values.iter_mut().for_each(close),
        _ => {}
    }
}

/// Visits each object in a value.
fn each(value: &Value, visit: &mut impl FnMut(&Value)) {
    match value {
        Value::Object(object) => {
            visit(value);
            object.values().for_each(|value| each(value, visit));
        }
        Value::Array(values) => values.iter().for_each(|value| each(value, visit)),
        _ => {}
    }
}

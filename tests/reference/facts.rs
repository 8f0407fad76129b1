//! Facts: what the reference and the manifest each say, in the same words, so that they can be compared.

use std::collections::BTreeMap;

use connector_host::Manifest;
use connector_host::manifest::{Action, Field, Trigger, TypeDefinition};

use super::text::{Definition, Document, Operation, Returns, Row};

/// What is said, by what it is said of: `Machines - Tag machine / parameter Value / type` is `string`.
pub(crate) type Facts = BTreeMap<String, String>;

/// What the reference says.
pub(crate) fn of_reference(document: &Document) -> Facts {
    let mut facts = Facts::new();
    say(&mut facts, "connector / title", &document.title);
    say(&mut facts, "connector / limit", &document.limit);
    for (kind, operations) in [("action", &document.actions), ("trigger", &document.triggers)] {
        for operation in operations {
            of_operation(&mut facts, kind, operation);
        }
    }
    for Definition { name, summary, fields } in &document.definitions {
        if let Some(summary) = summary {
            say(&mut facts, &format!("{name} / summary"), summary);
        }
        rows(&mut facts, &format!("{name} / fields"), fields);
    }
    facts
}

fn of_operation(facts: &mut Facts, kind: &str, operation: &Operation) {
    let Operation { title, summary, has_heading, parameters, returns } = operation;
    say(facts, &format!("{title} / kind"), kind);
    say(facts, &format!("{title} / summary"), summary);
    say(facts, &format!("{title} / heading"), if *has_heading { "there" } else { "missing" });
    rows(facts, &format!("{title} / parameters"), parameters);
    let place = format!("{title} / returns");
    match returns {
        Returns::Unsaid => say(facts, &place, "nothing"),
        Returns::Dynamic => say(facts, &place, "whatever was asked for"),
        Returns::Table(fields) => rows(facts, &place, fields),
        Returns::Entity { summary, title, type_name } => {
            say(facts, &place, type_name);
            say(facts, &format!("{place} / title"), title);
            say(facts, &format!("{place} / summary"), summary);
        }
    }
}

fn rows(facts: &mut Facts, place: &str, rows: &[Row]) {
    say(facts, place, &rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>().join(", "));
    for Row { title, key, required, type_name } in rows {
        say(facts, &format!("{place} / {key} / title"), title);
        if *required {
            say(facts, &format!("{place} / {key} / required"), "True");
        }
        say(facts, &format!("{place} / {key} / type"), type_name);
    }
}

/// What the manifest says of what the reference has; extensions are left out.
pub(crate) fn of_manifest(manifest: &Manifest) -> Facts {
    let mut facts = Facts::new();
    say(&mut facts, "connector / title", &manifest.title);
    if let Some(quota) = manifest.quota {
        let limit = format!("API calls per connection {} {} seconds", quota.calls, quota.period_seconds);
        say(&mut facts, "connector / limit", &limit);
    }
    for action in manifest.actions.iter().filter(|action| !action.extension) {
        of_action(&mut facts, "action", action);
        rows(&mut facts, &format!("{} / parameters", action.title), &parameters(action, manifest));
        returns(&mut facts, action, manifest);
    }
    for trigger in &manifest.triggers {
        of_trigger(&mut facts, trigger, manifest);
    }
    for definition in manifest.types.values() {
        if let TypeDefinition::Record { definition: Some(name), summary, fields, .. } = definition {
            say(&mut facts, &format!("{name} / summary"), summary);
            rows(&mut facts, &format!("{name} / fields"), &results(fields, manifest));
        }
    }
    facts
}

fn of_action(facts: &mut Facts, kind: &str, action: &Action) {
    say(facts, &format!("{} / kind", action.title), kind);
    say(facts, &format!("{} / summary", action.title), &action.summary);
    say(facts, &format!("{} / heading", action.title), "there");
}

/// A trigger is compared by its polling function, whose options are an engine's and not the reference's.
fn of_trigger(facts: &mut Facts, trigger: &Trigger, manifest: &Manifest) {
    let Some(poll) = &trigger.poll else { return };
    let poll = Action { title: trigger.title.clone(), summary: trigger.summary.clone(), ..poll.clone() };
    of_action(facts, "trigger", &poll);
    rows(facts, &format!("{} / parameters", trigger.title), &[]);
    returns(facts, &poll, manifest);
}

fn returns(facts: &mut Facts, action: &Action, manifest: &Manifest) {
    let place = format!("{} / returns", action.title);
    let returns = &action.returns;
    match (&returns.key, manifest.types.get(&returns.type_name)) {
        (None, Some(TypeDefinition::Record { definition: Some(name), summary, .. })) => {
            say(facts, &place, name);
            let title = returns.title.as_deref().unwrap_or_default();
            say(facts, &format!("{place} / title"), title);
            say(facts, &format!("{place} / summary"), summary);
        }
        (None, Some(TypeDefinition::Record { definition: None, fields, .. })) => {
            rows(facts, &place, &results(fields, manifest));
        }
        _ => {
            let row = Row {
                title: returns.title.clone().unwrap_or_default(),
                key: returns.key.clone().unwrap_or_default(),
                required: false,
                type_name: type_name(&returns.type_name, manifest),
            };
            rows(facts, &place, &[row]);
        }
    }
}

/// An action's parameters as the reference has them: flat, each by its own key. What is in a record or a list of
/// records stands in its place, and is required only if all that it is in is required.
fn parameters(action: &Action, manifest: &Manifest) -> Vec<Row> {
    let mut flat = Vec::new();
    for field in &action.parameters {
        flatten(field, true, manifest, &mut flat);
    }
    flat
}

fn flatten(field: &Field, outer: bool, manifest: &Manifest, flat: &mut Vec<Row>) {
    if field.extension {
        return;
    }
    match manifest.record(item(&field.type_name)) {
        Some(fields) => {
            fields.iter().for_each(|inner| flatten(inner, outer && field.required, manifest, flat))
        }
        None => flat.push(Row {
            title: field.title.clone(),
            key: field.key.clone(),
            required: outer && field.required,
            type_name: type_name(&field.type_name, manifest),
        }),
    }
}

/// A result's fields as the reference has them: without marks of what is required, and with the fields of what is no
/// definition of its own below it, by path.
fn results(fields: &[Field], manifest: &Manifest) -> Vec<Row> {
    let mut rows = Vec::new();
    for field in fields.iter().filter(|field| !field.extension) {
        let type_name = type_name(&field.type_name, manifest);
        let is_object = item(&type_name) == "object";
        let (title, key) = (field.title.clone(), field.key.clone());
        rows.push(Row { title, key, required: false, type_name });
        if let Some(inner) = manifest.record(item(&field.type_name)).filter(|_| is_object) {
            rows.extend(results(inner, manifest).into_iter().map(|row| {
                let key = format!("{}.{}", field.key, row.key);
                Row { key, ..row }
            }));
        }
    }
    rows
}

/// The reference's name of a type: an enum is a string, a record that is no definition an object.
fn type_name(name: &str, manifest: &Manifest) -> String {
    if let Some(item) = name.strip_prefix("array of ") {
        return format!("array of {}", type_name(item, manifest));
    }
    match manifest.types.get(name) {
        Some(TypeDefinition::Record { definition: Some(definition), .. }) => definition.clone(),
        Some(TypeDefinition::Record { definition: None, .. }) => "object".to_owned(),
        Some(TypeDefinition::Enum { .. }) => "string".to_owned(),
        None => name.to_owned(),
    }
}

fn item(type_name: &str) -> &str {
    type_name.strip_prefix("array of ").unwrap_or(type_name)
}

fn say(facts: &mut Facts, what: &str, is: &str) {
    if let Some(other) = facts.insert(what.to_owned(), is.to_owned()) {
        assert_eq!(other, is, "{what} is said twice");
    }
}

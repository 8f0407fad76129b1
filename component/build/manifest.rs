//! The manifest: the contract as JSON, for engines and people.

use serde_json::{Map, Value, json};

use crate::contract::Contract;
use crate::function::{Function, Parameter, ROLES, Returns, Status};
use crate::lookup::Lookup;
use crate::types::{Body, Case, Definition, Field};
use crate::world::{Cloud, Limit, World};

/// Builds the manifest. Absent values are left out.
pub(crate) fn manifest(contract: &Contract, version: &str) -> Value {
    let World {
        contract: shared,
        name,
        title,
        summary,
        quota,
        api_url,
        access_token,
        clouds,
        audiences,
        hosts,
        ..
    } = &contract.world;
    let actions = contract.functions.iter().filter(|function| function.trigger.is_none());
    let mut manifest = json!({
        "contract": shared,
        "name": name,
        "version": version,
        "title": title,
        "summary": summary,
        "quota": limit(quota),
        "environment": { "apiUrl": api_url, "accessToken": access_token },
        "clouds": clouds.iter().map(cloud).collect::<Map<_, _>>(),
        "actions": actions.map(action).collect::<Vec<_>>(),
        "triggers": triggers(&contract.functions),
        "types": contract.types.iter().map(definition).collect::<Map<_, _>>(),
    });
    if !audiences.is_empty() {
        manifest["audiences"] = json!(audiences);
    }
    if !hosts.is_empty() {
        manifest["hosts"] = json!(hosts);
    }
    if !contract.lookups.is_empty() {
        manifest["lookups"] = contract.lookups.iter().map(|(action, found)| lookup(action, found)).collect();
    }
    manifest
}

fn lookup(action: &str, lookup: &Lookup) -> Value {
    let Lookup { parameter, id, name, shown, input, text } = lookup;
    json!({
        "parameter": parameter, "action": action, "input": { input: text }, "id": id, "name": name, "shown": shown,
    })
}

fn limit(limit: &Limit) -> Value {
    json!({ "calls": limit.calls, "periodSeconds": limit.period })
}

fn cloud(cloud: &Cloud) -> (String, Value) {
    let Cloud { name, api, authority, scope } = cloud;
    (name.clone(), json!({ "api": api, "authority": authority, "scope": scope }))
}

fn action(function: &Function) -> Value {
    let mut entry = Entry::default();
    entry.put("name", function.name.as_str());
    entry.put("interface", function.interface.as_str());
    entry.put("operationId", function.operation.as_str());
    entry.put("title", function.title.as_str());
    entry.put("summary", function.summary.as_str());
    entry.put_text("description", &function.description);
    entry.put("effect", function.effect.as_str());
    entry.put_some("inverse", function.inverse.as_deref());
    entry.put("permissions", json!({ "application": function.application, "delegated": function.delegated }));
    entry.put("limits", function.limits.iter().map(limit).collect::<Vec<_>>());
    if let Some(paging) = &function.paging {
        let parts = json!({ "parameter": paging.parameter, "items": paging.items, "next": paging.next });
        entry.put("paging", parts);
    }
    put_status(&mut entry, &function.status);
    entry.put_flag("extension", function.extension);
    entry.put("sources", function.sources.as_slice());
    entry.put("parameters", function.parameters.iter().map(parameter).collect::<Vec<_>>());
    entry.put("returns", returns(&function.returns));
    entry.finish()
}

fn put_status(entry: &mut Entry, status: &Status) {
    match status {
        Status::Stable => entry.put("status", "stable"),
        Status::Preview => entry.put("status", "preview"),
        Status::Deprecated { on, successor } => {
            entry.put("status", "deprecated");
            entry.put_some("deprecatedOn", on.as_deref());
            entry.put_some("successor", successor.as_deref());
        }
    }
}

fn parameter(parameter: &Parameter) -> Value {
    field(&parameter.field, parameter.inline)
}

fn field(field: &Field, inline: bool) -> Value {
    let mut entry = Entry::default();
    entry.put("name", field.name.as_str());
    entry.put("key", field.key.as_str());
    entry.put("title", field.title.as_str());
    entry.put("description", field.description.as_str());
    entry.put("type", field.shape.word());
    entry.put("required", field.required);
    entry.put_flag("extension", field.extension);
    entry.put_flag("inline", inline);
    entry.finish()
}

fn returns(returns: &Returns) -> Value {
    let mut entry = Entry::default();
    if let Some(label) = &returns.label {
        entry.put_some("key", label.key.as_deref());
        entry.put("title", label.title.as_str());
        entry.put_text("description", &label.description);
    }
    entry.put("type", returns.shape.word());
    entry.finish()
}

/// The triggers, each with all its functions, in the order of their first function.
fn triggers(functions: &[Function]) -> Vec<Value> {
    let mut names: Vec<&str> = Vec::new();
    for name in functions.iter().filter_map(|function| function.trigger.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| trigger(name, functions)).collect()
}

/// Describes a trigger by its polling function or, if it has none, by its first function.
fn trigger(name: &str, functions: &[Function]) -> Value {
    let own = || functions.iter().filter(|function| function.trigger.as_deref() == Some(name));
    let in_role = |role: &&str| own().find(|function| function.role() == Some(role));
    let mut entry = Entry::default();
    entry.put("name", name);
    if let Some(main) = in_role(&ROLES[0]).or_else(|| own().next()) {
        entry.put("title", main.title.as_str());
        entry.put("summary", main.summary.as_str());
        entry.put("operationId", main.operation.as_str());
        put_status(&mut entry, &main.status);
    }
    for role in &ROLES {
        entry.put_some(role, in_role(role).map(action));
    }
    entry.finish()
}

fn definition(definition: &Definition) -> (String, Value) {
    let mut entry = Entry::default();
    match &definition.body {
        Body::Record(fields, columns) => {
            entry.put("kind", "record");
            entry.put_some("definition", definition.definition.as_deref());
            entry.put("summary", definition.summary.as_str());
            entry.put_some("columns", (!columns.is_empty()).then(|| columns.clone()));
            entry.put("fields", fields.iter().map(|member| field(member, false)).collect::<Vec<_>>());
        }
        Body::Enum(cases) => {
            entry.put("kind", "enum");
            entry.put("summary", definition.summary.as_str());
            entry.put("cases", cases.iter().map(case).collect::<Vec<_>>());
        }
    }
    (definition.name.clone(), entry.finish())
}

fn case(case: &Case) -> Value {
    json!({ "name": case.name, "key": case.key, "description": case.description })
}

/// A JSON object under construction.
#[derive(Default)]
struct Entry(Map<String, Value>);

impl Entry {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn put_some(&mut self, key: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    fn put_text(&mut self, key: &str, text: &str) {
        self.put_some(key, Some(text).filter(|text| !text.is_empty()));
    }

    fn put_flag(&mut self, key: &str, flag: bool) {
        self.put_some(key, Some(flag).filter(|flag| *flag));
    }

    fn finish(self) -> Value {
        Value::Object(self.0)
    }
}

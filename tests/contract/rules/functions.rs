//! What functions are called, what they take and what they return.

use std::collections::BTreeMap;

use wit_parser::{Type, TypeDefKind};

use super::super::wit::{Complaint, Wit};
use super::Complaints;
use super::types::failure;

/// Suffixes that some engine gives to functions of its own making.
const TAKEN_SUFFIXES: [&str; 6] = ["-submit", "-await-next", "-schedule", "-stub", "-get", "-cancellable"];

/// The record of OData options, and the options' names.
const ODATA_RECORD: &str = "odata-options";
const ODATA_OPTIONS: [&str; 6] = ["filter", "select", "order-by", "top", "skip", "count"];

/// Rule 2: function names are unique, short, kebab-case, and leave other engines' suffixes alone.
pub(super) fn function_names(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    let mut seen = BTreeMap::new();
    for exported in wit.functions() {
        let (item, name) = (exported.item(), exported.function.name.as_str());
        if let Some(other) = seen.insert(name, exported.interface) {
            complaints.add(&item, &format!("has the name of a function of `{other}`"));
        }
        if name.len() > 64 {
            complaints.add(&item, &format!("has a name of {} characters, over 64", name.len()));
        }
        if !is_kebab_case(name) {
            complaints
                .add(&item, "is not in kebab-case: lower-case words and digits, joined by single hyphens");
        }
        if let Some(suffix) = TAKEN_SUFFIXES.iter().find(|suffix| name.ends_with(*suffix)) {
            complaints
                .add(&item, &format!("ends in `{suffix}`, which some engine gives to functions of its own"));
        }
    }
    complaints.0
}

fn is_kebab_case(name: &str) -> bool {
    name.split('-').all(|word| {
        word.starts_with(|first: char| first.is_ascii_lowercase())
            && word.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit())
    })
}

/// Rule 3: every function returns `result<T, failure>` with the one shared variant.
pub(super) fn results(wit: &Wit) -> Vec<Complaint> {
    let failure = failure(wit).map(|named| Type::Id(named.id));
    let mut complaints = Complaints::default();
    for exported in wit.functions() {
        match wit.outcome(exported.function) {
            None => complaints.add(&exported.item(), "does not return `result<T, failure>`"),
            Some((_, error)) if Some(wit.origin(error)) != failure => {
                complaints.add(
                    &exported.item(),
                    "fails with another type than `workflow:connector/connector-types.failure`",
                );
            }
            Some(_) => {}
        }
    }
    complaints.0
}

/// Rule 6: required parameters first, optional ones last; the OData options are one record, at the end.
pub(super) fn parameter_order(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for exported in wit.functions() {
        let parameters = &exported.function.params;
        let mut optional = None;
        for (place, parameter) in parameters.iter().enumerate() {
            let item = format!("{}({})", exported.item(), parameter.name);
            if may_be_left_out(wit, parameter.ty) {
                optional = Some(&parameter.name);
            } else if let Some(earlier) = optional {
                complaints.add(&item, &format!("is required, but stands after `{earlier}`, which is not"));
            }
            if ODATA_OPTIONS.contains(&parameter.name.as_str()) {
                complaints
                    .add(&item, &format!("is an OData option; it belongs into the record `{ODATA_RECORD}`"));
            }
            if wit.name(wit.origin(parameter.ty)) == Some(ODATA_RECORD) && place + 1 != parameters.len() {
                complaints.add(&item, "is the record of OData options, but not the last parameter");
            }
        }
    }
    complaints.0
}

/// An option, or a record of nothing but options.
fn may_be_left_out(wit: &Wit, ty: Type) -> bool {
    match wit.kind(ty) {
        Some(TypeDefKind::Option(_)) => true,
        Some(TypeDefKind::Record(record)) => record.fields.iter().all(|field| wit.is_option(field.ty)),
        _ => false,
    }
}

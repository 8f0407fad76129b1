//! What types may be.

use wit_parser::{FunctionKind, Record, Type, TypeDefKind};

use super::super::wit::{Complaint, Named, Wit, interface_name, parts};
use super::Complaints;

/// The variant `failure`: its cases in order, with what each carries.
const FAILURE: [(&str, Option<&str>); 11] = [
    ("throttled", Some("throttling")),
    ("unavailable", Some("problem")),
    ("permanent-invalid-input", Some("invalid-input")),
    ("permanent-unauthorized", Some("problem")),
    ("permanent-forbidden", Some("missing-permission")),
    ("permanent-not-found", Some("problem")),
    ("permanent-conflict", Some("problem")),
    ("permanent-rejected", Some("problem")),
    ("permanent-unexpected-reply", Some("problem")),
    ("permanent-outcome-unknown", Some("problem")),
    ("execution-failed", None),
];

/// Fields of results that are always there, because the component itself makes them or because without them there
/// is no result. All others are `option<>`: `$select` leaves fields out, and the API sends null.
pub(crate) const ALWAYS_THERE: [(&str, &[&str]); 14] = [
    ("alert-page", &["value"]),
    ("investigation-page", &["value"]),
    ("machine-page", &["value"]),
    ("machine-action-page", &["value"]),
    ("remediation-activity-page", &["value"]),
    ("remediation-machine-page", &["value"]),
    ("hunting-results", &["schema", "results"]),
    ("hunting-column", &["name"]),
    ("subscription", &["id"]),
    ("alert-notification", &["id"]),
    ("alert-event", &["id", "data"]),
    ("remediation-activity-event", &["id", "data"]),
    ("lateness", &["events", "seconds"]),
    // A batch: `alert-batch`, `remediation-activity-batch`.
    ("-batch", &["events", "checkpoint", "more"]),
];

/// Rule 3: the shared variant has exactly the cases of the contract, in their order.
pub(super) fn failure_cases(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    let Some(failure) = failure(wit) else {
        complaints.add("workflow:connector/connector-types.failure", "does not exist");
        return complaints.0;
    };
    let TypeDefKind::Variant(variant) = &failure.definition.kind else {
        complaints.add(&failure.item(), "is not a variant");
        return complaints.0;
    };
    let found: Vec<(&str, Option<&str>)> =
        variant.cases.iter().map(|case| (case.name.as_str(), case.ty.and_then(|ty| wit.name(ty)))).collect();
    if let Some(place) =
        (0..found.len().max(FAILURE.len())).find(|place| found.get(*place) != FAILURE.get(*place))
    {
        let why =
            format!("case {place} is {:?} where the contract has {:?}", found.get(place), FAILURE.get(place));
        complaints.add(&failure.item(), &why);
    }
    complaints.0
}

pub(super) fn failure(wit: &Wit) -> Option<Named<'_>> {
    wit.types().find(|named| {
        let interface = wit.interfaces().find(|interface| interface.types.get(named.name) == Some(&named.id));
        let package =
            interface.and_then(|interface| interface.package).map(|id| &wit.resolve.packages[id].name);
        named.name == "failure"
            && named.interface == "connector-types"
            && package.is_some_and(|name| name.namespace == "workflow" && name.name == "connector")
    })
}

/// Rule 4: no resources, streams, futures, maps or async, which not all engines have.
pub(super) fn plain_types(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for exported in wit.functions() {
        if exported.function.kind != FunctionKind::Freestanding {
            complaints.add(&exported.item(), "is not a plain function");
        }
        let types =
            exported.function.params.iter().map(|parameter| parameter.ty).chain(exported.function.result);
        if let Some(name) = types.clone().find_map(|ty| rare(wit, ty)) {
            complaints.add(&exported.item(), &format!("uses a {name}"));
        }
    }
    for named in wit.types() {
        let inner = parts(&named.definition.kind);
        if let Some(name) =
            rare_kind(&named.definition.kind).or_else(|| inner.iter().find_map(|ty| rare(wit, *ty)))
        {
            complaints.add(&named.item(), &format!("is or has a {name}"));
        }
    }
    complaints.0
}

/// Looks into unnamed types only: named ones are complained of where they are defined.
fn rare(wit: &Wit, ty: Type) -> Option<&'static str> {
    match ty {
        Type::ErrorContext => Some("error-context"),
        Type::Id(id) => {
            let definition = &wit.resolve.types[id];
            if definition.name.is_some() {
                return None;
            }
            let inner = parts(&definition.kind);
            rare_kind(&definition.kind).or_else(|| inner.into_iter().find_map(|ty| rare(wit, ty)))
        }
        _ => None,
    }
}

fn rare_kind(kind: &TypeDefKind) -> Option<&'static str> {
    match kind {
        TypeDefKind::Resource | TypeDefKind::Handle(_) => Some("resource"),
        TypeDefKind::Stream(_) => Some("stream"),
        TypeDefKind::Future(_) => Some("future"),
        TypeDefKind::Map(..) => Some("map"),
        TypeDefKind::FixedLengthList(..) => Some("list of fixed length"),
        _ => None,
    }
}

/// Rule 4: integers that the API returns, and ids that it takes, are 64 bits wide.
pub(super) fn wide_integers(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for (named, record) in result_records(wit) {
        for field in &record.fields {
            if has_narrow_integer(wit, field.ty) {
                complaints
                    .add(&format!("{}.{}", named.item(), field.name), "is an integer of less than 64 bits");
            }
        }
    }
    for exported in wit.functions() {
        for parameter in &exported.function.params {
            let is_id = parameter.name == "id" || parameter.name.ends_with("-id");
            if is_id && has_narrow_integer(wit, parameter.ty) {
                let item = format!("{}({})", exported.item(), parameter.name);
                complaints.add(&item, "is an id of less than 64 bits");
            }
        }
    }
    complaints.0
}

fn has_narrow_integer(wit: &Wit, ty: Type) -> bool {
    match wit.origin(ty) {
        Type::U8 | Type::U16 | Type::U32 | Type::S8 | Type::S16 | Type::S32 => true,
        ty => match wit.kind(ty) {
            Some(TypeDefKind::Option(inner) | TypeDefKind::List(inner)) => has_narrow_integer(wit, *inner),
            _ => false,
        },
    }
}

/// Rule 4: whatever the API may leave out or null is `option<>`.
pub(super) fn optional_results(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    for (named, record) in result_records(wit) {
        for field in &record.fields {
            if !wit.is_option(field.ty) && !always_there(named.name).contains(&field.name.as_str()) {
                let why = "is not `option<>`, and the API may leave it out";
                complaints.add(&format!("{}.{}", named.item(), field.name), why);
            }
        }
    }
    complaints.0
}

/// The fields of a record that need not be optional.
pub(crate) fn always_there(record: &str) -> &'static [&'static str] {
    let known = |name: &str| record == name || name.starts_with('-') && record.ends_with(name);
    ALWAYS_THERE.iter().find(|(name, _)| known(name)).map_or(&[], |(_, fields)| fields)
}

/// The records that functions return, with those that they are made of.
pub(crate) fn result_records(wit: &Wit) -> Vec<(Named<'_>, &Record)> {
    let returned =
        wit.functions().filter_map(|exported| wit.outcome(exported.function)).map(|(result, _)| result);
    let reached = wit.reach(returned.collect::<Vec<_>>());
    let named = wit.types().filter(|named| reached.contains(&named.id));
    named
        .filter_map(|named| match &named.definition.kind {
            TypeDefKind::Record(record) => Some((named, record)),
            _ => None,
        })
        .collect()
}

/// Rule 6: every item is documented.
pub(super) fn documented(wit: &Wit) -> Vec<Complaint> {
    let mut complaints = Complaints::default();
    let mut check = |item: String, docs: &wit_parser::Docs| {
        if docs.contents.as_deref().is_none_or(|text| text.trim().is_empty()) {
            complaints.add(&item, "has no documentation");
        }
    };
    for world in wit.worlds() {
        check(world.name.clone(), &world.docs);
    }
    for interface in wit.interfaces() {
        check(interface_name(interface).to_owned(), &interface.docs);
    }
    for exported in wit.functions() {
        check(exported.item(), &exported.function.docs);
    }
    for named in wit.types() {
        check(named.item(), &named.definition.docs);
        let part = |name: &str| format!("{}.{name}", named.item());
        match &named.definition.kind {
            TypeDefKind::Record(record) => {
                record.fields.iter().for_each(|field| check(part(&field.name), &field.docs));
            }
            TypeDefKind::Enum(cases) => {
                cases.cases.iter().for_each(|case| check(part(&case.name), &case.docs))
            }
            TypeDefKind::Variant(variant) => {
                variant.cases.iter().for_each(|case| check(part(&case.name), &case.docs));
            }
            TypeDefKind::Flags(flags) => {
                flags.flags.iter().for_each(|flag| check(part(&flag.name), &flag.docs))
            }
            _ => {}
        }
    }
    complaints.0
}

/// Rule 5: an enum only for what the caller chooses. What the API returns is a string, so that new values survive.
pub(super) fn callers_enums(wit: &Wit) -> Vec<Complaint> {
    let returned =
        wit.functions().filter_map(|exported| wit.outcome(exported.function)).map(|(result, _)| result);
    let returned = wit.reach(returned.collect::<Vec<_>>());
    let given =
        wit.functions().flat_map(|exported| exported.function.params.iter().map(|parameter| parameter.ty));
    let given = wit.reach(given.collect::<Vec<_>>());
    let mut complaints = Complaints::default();
    for named in wit.types().filter(|named| matches!(named.definition.kind, TypeDefKind::Enum(_))) {
        if returned.contains(&named.id) {
            complaints
                .add(&named.item(), "is an enum in a result; unknown values would be lost, so use a string");
        } else if !given.contains(&named.id) {
            complaints.add(&named.item(), "is an enum that no caller can choose from");
        }
    }
    complaints.0
}

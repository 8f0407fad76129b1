//! The contract: what the WIT may say, rule by rule, and what the built component must be.

mod built;
mod rules;
mod wit;
mod wrong;

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;

use rules::Rule;
use wit::Wit;

#[test]
fn interfaces_are_named_and_versioned() {
    holds(rules::NAMED_INTERFACES);
}

#[test]
fn interface_names_are_unique_over_all_packages() {
    holds(rules::UNIQUE_INTERFACES);
}

#[test]
fn imports_are_what_every_engine_has() {
    holds(rules::IMPORTS);
}

#[test]
fn function_names_are_unique_and_leave_no_engine_out() {
    holds(rules::FUNCTION_NAMES);
}

#[test]
fn every_function_returns_a_result_with_the_shared_failure() {
    holds(rules::RESULTS);
}

#[test]
fn the_failure_has_the_cases_of_the_contract() {
    holds(rules::FAILURE_CASES);
}

#[test]
fn types_are_plain() {
    holds(rules::PLAIN_TYPES);
}

#[test]
fn ids_and_numbers_of_the_api_are_wide() {
    holds(rules::WIDE_INTEGERS);
}

#[test]
fn what_the_api_may_leave_out_is_optional() {
    holds(rules::OPTIONAL_RESULTS);
}

#[test]
fn required_parameters_come_first() {
    holds(rules::PARAMETER_ORDER);
}

#[test]
fn everything_is_documented() {
    holds(rules::DOCUMENTED);
}

#[test]
fn enums_are_for_callers() {
    holds(rules::CALLERS_ENUMS);
}

/// Tools look for a package's dependencies in its folder `deps`. They are copies, as such tools make them: a symbolic
/// link would not outlive a checkout on Windows.
#[test]
fn the_wit_resolves_with_standard_tools_and_its_copy_of_the_shared_package_is_exact() {
    let texts = |folder: &str| -> BTreeMap<OsString, String> {
        let entries = std::fs::read_dir(wit::source(folder)).expect("the folder is there");
        let read = |entry: std::io::Result<std::fs::DirEntry>| {
            let entry = entry.expect("the folder is listed");
            (entry.file_name(), std::fs::read_to_string(entry.path()).expect("it is a text"))
        };
        entries.map(read).collect()
    };
    let copied = texts("defender-atp/deps/connector") == texts("connector");
    assert!(copied, "run `cp wit/connector/*.wit wit/defender-atp/deps/connector/`");
    assert!(Wit::of_the_repository().worlds().any(|world| world.name == "defender-atp"));
}

/// The list of exceptions to the optional fields must not outlive them.
#[test]
fn fields_that_are_always_there_are_there() {
    let wit = Wit::of_the_repository();
    let mut found = BTreeSet::new();
    for (named, record) in rules::result_records(&wit) {
        for field in record.fields.iter().filter(|field| !wit.is_option(field.ty)) {
            found.insert((named.name, field.name.as_str()));
        }
    }
    for (record, fields) in rules::ALWAYS_THERE {
        for field in fields {
            let there = |(name, other): &(&str, &str)| {
                other == field && (*name == record || record.starts_with('-') && name.ends_with(record))
            };
            assert!(found.iter().any(there), "{record}.{field} is no exception, or is not returned");
        }
    }
}

fn holds(rule: Rule) {
    let complaints = (rule.complaints)(&Wit::of_the_repository());
    let list: String = complaints.iter().map(|complaint| format!("\n  {complaint}")).collect();
    assert!(complaints.is_empty(), "the WIT breaks the rule `{}`:{list}", rule.name);
}

//! The rules of the contract. Each keeps some engine, or some caller, from being left out.

use super::wit::{Complaint, Exported, Named, Wit};

mod functions;
mod types;
mod world;

pub(crate) use types::{ALWAYS_THERE, result_records};
pub(crate) use world::is_wasi;

/// A rule: what it is called, and what breaks it.
#[derive(Clone, Copy)]
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    pub(crate) complaints: fn(&Wit) -> Vec<Complaint>,
}

pub(crate) const NAMED_INTERFACES: Rule =
    Rule { name: "named-interfaces", complaints: world::named_interfaces };
pub(crate) const UNIQUE_INTERFACES: Rule =
    Rule { name: "unique-interfaces", complaints: world::unique_interfaces };
pub(crate) const IMPORTS: Rule = Rule { name: "imports", complaints: world::imports };
pub(crate) const FUNCTION_NAMES: Rule =
    Rule { name: "function-names", complaints: functions::function_names };
pub(crate) const RESULTS: Rule = Rule { name: "results", complaints: functions::results };
pub(crate) const FAILURE_CASES: Rule = Rule { name: "failure-cases", complaints: types::failure_cases };
pub(crate) const PLAIN_TYPES: Rule = Rule { name: "plain-types", complaints: types::plain_types };
pub(crate) const WIDE_INTEGERS: Rule = Rule { name: "wide-integers", complaints: types::wide_integers };
pub(crate) const OPTIONAL_RESULTS: Rule =
    Rule { name: "optional-results", complaints: types::optional_results };
pub(crate) const PARAMETER_ORDER: Rule =
    Rule { name: "parameter-order", complaints: functions::parameter_order };
pub(crate) const DOCUMENTED: Rule = Rule { name: "documented", complaints: types::documented };
pub(crate) const CALLERS_ENUMS: Rule = Rule { name: "callers-enums", complaints: types::callers_enums };

/// All of them.
pub(crate) const RULES: [Rule; 12] = [
    NAMED_INTERFACES,
    UNIQUE_INTERFACES,
    IMPORTS,
    FUNCTION_NAMES,
    RESULTS,
    FAILURE_CASES,
    PLAIN_TYPES,
    WIDE_INTEGERS,
    OPTIONAL_RESULTS,
    PARAMETER_ORDER,
    DOCUMENTED,
    CALLERS_ENUMS,
];

impl Exported<'_> {
    fn item(&self) -> String {
        format!("{}#{}", self.interface, self.function.name)
    }
}

impl Named<'_> {
    fn item(&self) -> String {
        format!("{}.{}", self.interface, self.name)
    }
}

#[derive(Default)]
struct Complaints(Vec<Complaint>);

impl Complaints {
    fn add(&mut self, item: &str, why: &str) {
        self.0.push(Complaint { item: item.to_owned(), why: why.to_owned() });
    }
}

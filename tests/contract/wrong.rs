//! Wrong contracts: each breaks exactly one rule, and thereby shows that the rule can fail.

use std::collections::BTreeSet;

use super::rules::{self, RULES, Rule};
use super::wit::Wit;

/// The shared package, as the contract has it.
const SHARED: &str = "
    package workflow:connector@0.1.0;

    /// Types that every connector's functions use.
    interface connector-types {
        /// What went wrong.
        record problem {
            /// What happened.
            message: string,
        }
        /// Too many calls.
        record throttling {
            /// Seconds to wait.
            retry-after-seconds: option<u32>,
        }
        /// A parameter that cannot be sent.
        record invalid-input {
            /// The parameter.
            parameter: option<string>,
        }
        /// A permission is missing.
        record missing-permission {
            /// Its names.
            missing-roles: list<string>,
        }
        /// Why a call has no result.
        variant failure {
            /// Too many calls.
            throttled(throttling),
            /// No answer.
            unavailable(problem),
            /// A wrong parameter.
            permanent-invalid-input(invalid-input),
            /// No credential.
            permanent-unauthorized(problem),
            /// No permission.
            permanent-forbidden(missing-permission),
            /// Nothing there.
            permanent-not-found(problem),
            /// Not now.
            permanent-conflict(problem),
            /// Refused.
            permanent-rejected(problem),
            /// Nonsense.
            permanent-unexpected-reply(problem),
            /// Who knows.
            permanent-outcome-unknown(problem),
            /// Stopped.
            execution-failed,
        }
    }";

/// A small connector that keeps all rules.
const CONNECTOR: &str = "
    package sample:lamps@0.1.0;

    /// What lamps are.
    interface bulbs {
        /// A lamp.
        record lamp {
            /// Its id.
            id: option<s64>,
            /// Its colour.
            color: option<string>,
        }
        /// How lists are asked for.
        record odata-options {
            /// The most lamps to return.
            top: option<u32>,
        }
    }

    /// Lamps.
    interface lamps {
        use workflow:connector/connector-types@0.1.0.{failure};
        use bulbs.{lamp, odata-options};

        /// What to do.
        enum switch {
            /// On.
            on,
            /// Off.
            off,
        }
        /// A time.
        type moment = string;

        /// Lists lamps.
        list-lamps: func(room: option<string>, options: odata-options) -> result<list<lamp>, failure>;
        /// Switches a lamp.
        switch-lamp: func(lamp-id: s64, to: switch, at: option<moment>) -> result<lamp, failure>;
    }

    /// All of it.
    world connector {
        export workflow:connector/connector-types@0.1.0;
        export bulbs;
        export lamps;
    }";

/// A mistake: `right` becomes `wrong`, and the rule must notice.
struct Mistake {
    rule: Rule,
    right: &'static str,
    wrong: &'static str,
}

const fn mistake(rule: Rule, right: &'static str, wrong: &'static str) -> Mistake {
    Mistake { rule, right, wrong }
}

const MISTAKES: [Mistake; 43] = [
    mistake(rules::NAMED_INTERFACES, "package sample:lamps@0.1.0;", "package sample:lamps;"),
    mistake(rules::NAMED_INTERFACES, "export lamps;", "export lamps; export run: func();"),
    mistake(rules::NAMED_INTERFACES, "export lamps;", "export lamps; export extra: interface {}"),
    mistake(
        rules::UNIQUE_INTERFACES,
        "/// All of it.",
        "/// How it goes on.
         interface connector-types {}
         /// All of it.",
    ),
    mistake(rules::IMPORTS, "export lamps;", "import lamps; export lamps;"),
    mistake(rules::IMPORTS, "export lamps;", "export lamps; import log: func(line: string);"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "switch-lamp-schedule: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "list-lamps-submit: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "lamps-await-next: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "list-lamps-stub: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "lamps-get: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "list-lamps-cancellable: func"),
    mistake(rules::FUNCTION_NAMES, "list-lamps: func", "LIST-lamps: func"),
    mistake(
        rules::FUNCTION_NAMES,
        "list-lamps: func",
        "list-all-the-lamps-that-there-are-in-the-whole-house-and-in-its-garden: func",
    ),
    mistake(
        rules::FUNCTION_NAMES,
        "/// All of it.",
        "/// More lamps.
         interface more {
             use workflow:connector/connector-types@0.1.0.{failure};
             /// Lists lamps.
             list-lamps: func() -> result<string, failure>;
         }
         /// All of it.",
    ),
    mistake(rules::RESULTS, "-> result<lamp, failure>", "-> lamp"),
    mistake(rules::RESULTS, "-> result<lamp, failure>", "-> result<lamp, string>"),
    mistake(rules::RESULTS, "-> result<lamp, failure>", "-> result<lamp>"),
    mistake(rules::RESULTS, "-> result<lamp, failure>", "-> result<_, failure>"),
    mistake(rules::RESULTS, "-> result<lamp, failure>", ""),
    mistake(rules::FAILURE_CASES, "permanent-conflict(problem),", "permanent-clash(problem),"),
    mistake(rules::FAILURE_CASES, "permanent-conflict(problem),", "permanent-conflict,"),
    mistake(rules::FAILURE_CASES, "execution-failed,", "execution-failed, /// More.\n more,"),
    mistake(rules::FAILURE_CASES, "/// Stopped.\n            execution-failed,", ""),
    mistake(
        rules::FAILURE_CASES,
        "permanent-conflict(problem),\n            /// Refused.\n            permanent-rejected(problem),",
        "permanent-rejected(problem),\n /// Not now.\n permanent-conflict(problem),",
    ),
    mistake(rules::PLAIN_TYPES, "switch-lamp: func(", "switch-lamp: async func("),
    mistake(rules::PLAIN_TYPES, "room: option<string>", "room: option<stream<u8>>"),
    mistake(rules::PLAIN_TYPES, "room: option<string>", "room: option<list<u8, 4>>"),
    mistake(rules::PLAIN_TYPES, "color: option<string>", "color: option<future<string>>"),
    mistake(rules::PLAIN_TYPES, "type moment = string;", "type moment = map<string, string>;"),
    mistake(
        rules::PLAIN_TYPES,
        "type moment = string;",
        "/// A hand.\n resource hand; /// A time.\n type moment = string;",
    ),
    mistake(rules::WIDE_INTEGERS, "id: option<s64>", "id: option<u32>"),
    mistake(rules::WIDE_INTEGERS, "lamp-id: s64", "lamp-id: u32"),
    mistake(rules::OPTIONAL_RESULTS, "color: option<string>", "color: string"),
    mistake(rules::PARAMETER_ORDER, "to: switch, at: option<moment>", "at: option<moment>, to: switch"),
    mistake(
        rules::PARAMETER_ORDER,
        "room: option<string>, options: odata-options",
        "options: odata-options, room: option<string>",
    ),
    mistake(rules::PARAMETER_ORDER, "room: option<string>", "top: option<u32>"),
    mistake(rules::DOCUMENTED, "/// What lamps are.", ""),
    mistake(rules::DOCUMENTED, "/// A lamp.", ""),
    mistake(rules::DOCUMENTED, "/// Its colour.", ""),
    mistake(rules::DOCUMENTED, "/// Switches a lamp.", ""),
    mistake(
        rules::CALLERS_ENUMS,
        "color: option<string>,\n        }",
        "color: option<hue>,\n } /// Hues.\n enum hue { /// Red.\n red }",
    ),
    mistake(rules::CALLERS_ENUMS, "to: switch", "to: string"),
];

/// More of undocumented items, since those are the rule most easily half kept.
const UNDOCUMENTED: [&str; 5] =
    ["/// Off.", "/// A time.", "/// Nothing there.", "/// What to do.", "/// All of it."];

#[test]
fn the_sample_keeps_all_rules() {
    assert_eq!(broken(&[SHARED, CONNECTOR].map(str::to_owned)), BTreeSet::new());
}

#[test]
fn each_mistake_breaks_its_rule_and_no_other() {
    let mut surprises = Vec::new();
    let undocumented = UNDOCUMENTED.map(|comment| mistake(rules::DOCUMENTED, comment, ""));
    for Mistake { rule, right, wrong } in MISTAKES.iter().chain(&undocumented) {
        let places: usize = [SHARED, CONNECTOR].iter().map(|text| text.matches(right).count()).sum();
        assert_eq!(places, 1, "`{right}` should stand in the sample once");
        let broken = broken(&[SHARED, CONNECTOR].map(|text| text.replace(right, wrong)));
        if broken != BTreeSet::from([rule.name]) {
            surprises.push(format!("`{right}` became `{wrong}`: broke {broken:?}, not {}", rule.name));
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn each_rule_has_a_mistake() {
    let shown: BTreeSet<_> = MISTAKES.iter().map(|mistake| mistake.rule.name).collect();
    assert_eq!(shown, RULES.iter().map(|rule| rule.name).collect());
}

fn broken(texts: &[String]) -> BTreeSet<&'static str> {
    let wit = Wit::parse(texts);
    RULES.iter().filter(|rule| !(rule.complaints)(&wit).is_empty()).map(|rule| rule.name).collect()
}

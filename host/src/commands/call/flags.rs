//! The flags of an action: those for its parameters, and those that every action has.

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Arg, ArgAction, ArgMatches, Command};
use connector_host::{Function, Parameter, Shape};
use serde_json::{Map, Value};

use crate::cli::Globals;
use crate::flag;
use crate::terminal::printable;

/// The clap ids of the flags of `call` itself: no parameter can have such a name.
pub(super) const INPUT: &str = "call:input";
const ALL: &str = "call:all";
const COLUMNS: &str = "call:columns";

/// The parameter that limits a list, as named in [OData](https://docs.oasis-open.org/odata/odata/v4.01/).
const TOP: &str = "$top";

/// The command that calls one action.
pub(crate) fn command(function: &Function) -> Command {
    let action = &function.action;
    let mut command = Globals::augment(Command::new(action.name.clone()))
        .bin_name(format!("connector call {}", action.name))
        .about(printable(&action.summary))
        .long_about(
            [&action.summary, &action.description]
                .map(|text| paragraphs(text))
                .join("\n\n")
                .trim_end()
                .to_owned(),
        )
        .max_term_width(110)
        .arg(
            Arg::new(INPUT)
                .long("input")
                .value_name("JSON")
                .help("The parameters as a JSON object; `@file` reads a file, `-` standard input"),
        )
        .arg(
            Arg::new(COLUMNS)
                .long("columns")
                .value_name("NAME,NAME")
                .value_delimiter(',')
                .help("The columns of a table or of CSV, such as id; of what is nested, such as a.b"),
        )
        .after_help(
            "A text flag reads a file as `@file`, standard input as `@-`; `@@` begins a text with an `@`.",
        );
    if action.paging.is_some() {
        let all = Arg::new(ALL)
            .long("all")
            .action(ArgAction::SetTrue)
            .help("Fetch all pages; --deadline is for all of them together");
        command = command.arg(all);
    }
    let names: Vec<String> =
        function.signature.parameters().map(|parameter| flag::name(&parameter.name)).collect();
    let mut taken: Vec<String> = flag::reserved().chain(names).collect();
    for parameter in function.signature.parameters() {
        let aliases = aliases(parameter, &taken);
        taken.extend_from_slice(&aliases);
        command = command.arg(flag(parameter).aliases(aliases));
    }
    command
}

/// Whether all pages are requested.
pub(super) fn all(function: &Function, matches: &ArgMatches) -> bool {
    function.action.paging.is_some() && matches.get_flag(ALL)
}

/// The requested columns.
pub(super) fn columns(matches: &ArgMatches) -> Option<Vec<String>> {
    let names = matches.get_many::<String>(COLUMNS)?;
    Some(names.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect())
}

/// Returns the flag that limits a list, and how many items it allows, if it is given.
pub(super) fn top(function: &Function, input: &Map<String, Value>) -> Option<(String, u64)> {
    let parameter = function.signature.parameters().find(|parameter| *parameter.key == *TOP)?;
    let (_, given) = input.iter().find(|(key, _)| {
        function.signature.meant_by(key).is_some_and(|meant| std::ptr::eq(meant, parameter))
    })?;
    let allowed = given.as_u64().or_else(|| given.as_str()?.parse().ok())?;
    Some((flag::name(&parameter.name), allowed))
}

/// Formats text so that its line breaks stay.
fn paragraphs(text: &str) -> String {
    text.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn flag(parameter: &Parameter) -> Arg {
    let mut help = printable(&format!("{}: {}", parameter.title, parameter.description));
    if parameter.lookup.is_some() {
        help.push_str(" Or a name: `name:` and the name, which is looked up.");
    }
    if parameter.required() {
        help.push_str(" (required)");
    }
    let flag = Arg::new(parameter.name.to_string()).long(flag::name(&parameter.name)).help(help);
    match inner(&parameter.shape) {
        Shape::Bool => flag
            .num_args(0..=1)
            .default_missing_value("true")
            .value_name("true|false")
            .value_parser(PossibleValuesParser::new(["true", "false"]))
            .hide_possible_values(true),
        Shape::List(item) => {
            flag.action(ArgAction::Append).value_name(value_name(item)).allow_hyphen_values(true)
        }
        // Either spelling is accepted. The value's name in the help shows them already.
        Shape::Enum(cases) => {
            let cases = cases
                .iter()
                .map(|case| PossibleValue::new(case.name.to_string()).alias(case.key.to_string()));
            flag.value_name(value_name(&parameter.shape))
                .value_parser(PossibleValuesParser::new(cases))
                .hide_possible_values(true)
        }
        shape => flag.value_name(value_name(shape)).allow_hyphen_values(true),
    }
}

/// Other names for a flag: the published connector's key and the name in camelCase, if they can be flags and
/// mean nothing else.
fn aliases(parameter: &Parameter, taken: &[String]) -> Vec<String> {
    let key = parameter.key.trim_start_matches('$');
    let mut aliases: Vec<String> = Vec::new();
    for name in [key.to_owned(), key.to_lowercase().replace([' ', '_'], "-"), parameter.camel.to_string()] {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        if is_plain && !name.is_empty() && !taken.contains(&name) && !aliases.contains(&name) {
            aliases.push(name);
        }
    }
    aliases
}

fn value_name(shape: &Shape) -> String {
    match inner(shape) {
        Shape::Integer(_) => "NUMBER".into(),
        Shape::Enum(cases) => cases.iter().map(|case| &*case.name).collect::<Vec<_>>().join("|"),
        Shape::Record(_) | Shape::Json | Shape::Variant(_) | Shape::Tuple(_) => "JSON".into(),
        _ => "TEXT".into(),
    }
}

/// The type without its options: that of a value that is present.
pub(super) fn inner(shape: &Shape) -> &Shape {
    match shape {
        Shape::Option(shape) => inner(shape),
        shape => shape,
    }
}

//! `connector call`: one action, with flags made from the component's own types.

use std::ffi::OsString;
use std::io::Read;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command};
use connector_host::{Connection, DEFAULT_DEADLINE, Function, Parameter, Shape};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value};

use crate::cli::Globals;
use crate::error::CliError;
use crate::output::Printer;
use crate::{setup, terminal};

/// Flags of `call` itself, in clap's ids: no parameter is called like this.
const INPUT: &str = "call:input";
const ALL: &str = "call:all";

pub(crate) fn run(globals: &mut Globals, words: Vec<OsString>) -> Result<(), CliError> {
    let Some(position) = words.iter().position(|word| !word.to_string_lossy().starts_with('-')) else {
        return help(&words);
    };
    let name = words[position].to_string_lossy().into_owned();
    // The flags may name another component, whose action it is.
    globals.component = component_flag(&words).or(globals.component.take());
    let (host, connector) = setup::host(globals)?;
    let function = setup::function(&connector, &name)?;
    let mut flags = words;
    flags.remove(position);
    let line = std::iter::once(OsString::from(format!("connector call {name}"))).chain(flags);
    let mut matches =
        command(function).try_get_matches_from(line).map_err(|error| CliError::Clap(Box::new(error)))?;
    globals.update(&mut matches)?;
    let input = input(function, &matches)?;
    let connection = setup::connection(globals, &host, &connector)?;
    let all = matches.get_flag(ALL);
    setup::run(call(&connection, globals, function, input, all))?
}

/// The flags of one action: its parameters, and those that every action has.
pub(super) fn command(function: &Function) -> Command {
    let action = &function.action;
    let command = Globals::augment(Command::new(action.name.clone()))
        .bin_name(format!("connector call {}", action.name))
        .about(action.summary.clone())
        .long_about([action.summary.as_str(), action.description.as_str()].join("\n\n").trim_end().to_owned())
        .max_term_width(110)
        .arg(
            Arg::new(INPUT)
                .long("input")
                .value_name("JSON")
                .help("The parameters as a JSON object; `@file` reads a file, `-` standard input"),
        )
        .arg(
            Arg::new(ALL)
                .long("all")
                .action(ArgAction::SetTrue)
                .hide(action.paging.is_none())
                .help("Fetch all pages"),
        );
    function.signature.parameters().fold(command, |command, parameter| command.arg(flag(parameter)))
}

fn flag(parameter: &Parameter) -> Arg {
    let mut help = format!("{}: {}", parameter.title, parameter.description);
    if parameter.required() {
        help.push_str(" (required)");
    }
    let flag = Arg::new(parameter.name.to_string()).long(flag_name(&parameter.name)).help(help);
    match inner(&parameter.shape) {
        Shape::Bool => flag.num_args(0..=1).default_missing_value("true").value_name("true|false"),
        Shape::List(item) => {
            flag.action(ArgAction::Append).value_name(value_name(item)).allow_hyphen_values(true)
        }
        shape => flag.value_name(value_name(shape)).allow_hyphen_values(true),
    }
}

/// A connector may call a parameter like a flag of ours; ours stay what they are.
fn flag_name(name: &str) -> String {
    const OURS: [&str; 10] = [
        "all",
        "component",
        "config",
        "connection",
        "deadline",
        "help",
        "input",
        "output",
        "verbose",
        "version",
    ];
    if OURS.contains(&name) { format!("with-{name}") } else { name.to_owned() }
}

fn value_name(shape: &Shape) -> String {
    match inner(shape) {
        Shape::Integer(_) => "NUMBER".into(),
        Shape::Enum(cases) => cases.iter().map(|case| &*case.name).collect::<Vec<_>>().join("|"),
        Shape::Record(_) | Shape::Json | Shape::Variant(_) | Shape::Tuple(_) => "JSON".into(),
        _ => "TEXT".into(),
    }
}

fn inner(shape: &Shape) -> &Shape {
    match shape {
        Shape::Option(shape) => inner(shape),
        shape => shape,
    }
}

fn input(function: &Function, matches: &ArgMatches) -> Result<Map<String, Value>, CliError> {
    let mut input = match matches.get_one::<String>(INPUT) {
        Some(text) => document(text)?,
        None => Map::new(),
    };
    for parameter in function.signature.parameters() {
        let Some(values) = matches.get_many::<String>(&parameter.name) else {
            continue;
        };
        if input.keys().any(|key| parameter.answers_to(key)) {
            return Err(CliError::usage(
                format!("`{}` is given both as a flag and in --input", parameter.name),
                "give it once",
            ));
        }
        let values: Vec<&String> = values.collect();
        input.insert(parameter.name.to_string(), given(parameter, &values)?);
    }
    Ok(input)
}

fn document(text: &str) -> Result<Map<String, Value>, CliError> {
    let (name, text) = match text.strip_prefix('@') {
        Some(path) => (path.to_owned(), setup::read_text(path)?),
        None if text == "-" => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text).map_err(|error| {
                CliError::usage(format!("cannot read standard input: {error}"), "give UTF-8 text")
            })?;
            ("standard input".to_owned(), text)
        }
        None => ("--input".to_owned(), text.to_owned()),
    };
    let hint = r#"give an object such as '{"Machine ID": "…"}'; `@file` reads a file"#;
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(CliError::usage(format!("{name} is JSON, but not an object"), hint)),
        Err(error) => Err(CliError::usage(format!("{name} is not JSON: {error}"), hint)),
    }
}

/// What a flag says, as JSON of the type that the parameter has.
fn given(parameter: &Parameter, values: &[&String]) -> Result<Value, CliError> {
    match inner(&parameter.shape) {
        Shape::List(item) => {
            let mut items = Vec::new();
            for text in values {
                match value(parameter, item, text)? {
                    Value::Array(several) if !matches!(**item, Shape::List(_)) => items.extend(several),
                    one => items.push(one),
                }
            }
            Ok(Value::Array(items))
        }
        shape => values.last().map_or(Ok(Value::Null), |text| value(parameter, shape, text)),
    }
}

fn value(parameter: &Parameter, shape: &Shape, text: &str) -> Result<Value, CliError> {
    Ok(match inner(shape) {
        Shape::Bool => match text {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            other => Value::from(other),
        },
        Shape::Float { .. } => serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)),
        Shape::Record(_)
        | Shape::Json
        | Shape::Variant(_)
        | Shape::Tuple(_)
        | Shape::Flags(_)
        | Shape::List(_) => serde_json::from_str(text).map_err(|error| {
            CliError::usage(
                format!("--{} is not JSON: {error}", parameter.name),
                format!("`connector describe` shows an example of --{}", parameter.name),
            )
        })?,
        _ => Value::from(text),
    })
}

async fn call(
    connection: &Connection,
    globals: &Globals,
    function: &Function,
    input: Map<String, Value>,
    all: bool,
) -> Result<(), CliError> {
    let time: Duration = globals.deadline.unwrap_or(DEFAULT_DEADLINE);
    let mut printer = Printer::new(function, globals.output);
    let mut pages = connection.pages(time, &function.action.name, Value::Object(input))?;
    let progress = progress(all);
    let (mut count, mut items) = (0_u64, 0);
    while let Some(reply) = pages.next().await {
        let reply = reply?;
        let more = reply.next_link().is_some();
        items += printer.page(reply)?;
        count += 1;
        progress.set_message(format!("{count} pages, {items} items"));
        if !all || !more {
            break;
        }
    }
    progress.finish_and_clear();
    printer.finish()
}

fn progress(shown: bool) -> ProgressBar {
    if !shown || !terminal::shows_progress() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}

/// The component that the words after `call` name, before it is known what else they mean.
fn component_flag(words: &[OsString]) -> Option<std::path::PathBuf> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let text = word.to_string_lossy();
        if text == "--component" {
            return words.next().map(Into::into);
        }
        if let Some(path) = text.strip_prefix("--component=") {
            return Some(path.into());
        }
    }
    None
}

/// How often the words ask for more on standard error: what happens before they are read is told as well.
pub(super) fn verbosity(words: &[OsString]) -> u8 {
    let asked = words.iter().map(|word| match word.to_str() {
        Some("--verbose") => 1,
        Some(word) => {
            word.strip_prefix('-').filter(|flags| flags.chars().all(|flag| flag == 'v')).map_or(0, str::len)
        }
        None => 0,
    });
    asked.sum::<usize>().try_into().unwrap_or(u8::MAX)
}

fn help(words: &[OsString]) -> Result<(), CliError> {
    if words.iter().any(|word| word == "--help" || word == "-h") {
        let mut command = crate::cli::command();
        if let Some(call) = command.find_subcommand_mut("call") {
            let mut call = call.clone().bin_name("connector call");
            return Ok(call.print_long_help()?);
        }
    }
    Err(CliError::usage("no action is named", "`connector actions` lists the actions"))
}

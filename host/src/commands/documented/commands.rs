//! Each command line is one that the program accepts: the command, its flags, the action and the action's
//! flags.

use std::ffi::OsString;

use connector_host::Manifest;

use super::{all, carried};
use crate::cli::{self, Command, ConnectionsCommand};
use crate::commands::call;

#[test]
fn each_command_of_a_shell_block_is_understood() {
    let (mut commands, mut strange) = (0, Vec::new());
    for page in all() {
        for (_, block) in page.blocks_of("sh") {
            for line in block.text.replace("\\\n", " ").lines() {
                for words in of_program(line) {
                    commands += 1;
                    strange.extend(
                        understand(&words).err().map(|why| format!("{}: {line}\n{why}", page.name())),
                    );
                }
            }
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
    assert!(commands >= 40, "{commands} commands were found");
}

#[test]
fn each_command_in_a_line_names_a_command_and_flags_that_there_are() {
    let mut root = cli::command();
    root.build();
    let mut strange = Vec::new();
    for page in all() {
        for span in page.spans.iter().filter(|span| span.starts_with("connector ")) {
            for words in of_program(span).iter().filter(|words| understand(words).is_err()) {
                let why = resembles(&root, words).err();
                strange.extend(why.map(|why| format!("{}: `{span}`: {why}", page.name())));
            }
        }
    }
    assert!(strange.is_empty(), "{}", strange.join("\n"));
}

/// Returns the calls of this program in a shell line, each as words.
fn of_program(line: &str) -> Vec<Vec<String>> {
    let words = shlex::split(line).unwrap_or_else(|| panic!("a quotation mark is left open: {line}"));
    let is_operator =
        |word: &String| matches!(word.as_str(), "|" | "||" | "&&" | ";" | "&" | ">" | ">>" | "<" | "2>");
    let is_setting = |word: &&String| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|letter| letter.is_ascii_uppercase() || letter == '_')
        })
    };
    let calls = words.split(is_operator).filter_map(|words| {
        let begin = words.iter().take_while(is_setting).count();
        let words = &words[begin..];
        (words.first()? == "connector").then(|| words.to_vec())
    });
    calls.collect()
}

/// Parses the words as the program would, and asks the connector for the names in them.
fn understand(words: &[String]) -> Result<(), String> {
    let words: Vec<OsString> = words.iter().map(OsString::from).collect();
    let invocation = cli::parse(&words).map_err(|error| format!("{error:?}"))?;
    let manifest = carried().manifest();
    match invocation.command {
        Command::Call(arguments) => call(arguments.words),
        Command::Describe { action: Some(name) } if !is_trigger(manifest, &name) => is_action(&name),
        Command::Watch(arguments) if !is_trigger(manifest, &arguments.trigger) => {
            Err(format!("there is no trigger {}", arguments.trigger))
        }
        Command::Connections(ConnectionsCommand::Test { named }) => {
            named.iter().filter(|name| *name != "ACTIONS").try_for_each(|name| is_action(name))
        }
        _ => Ok(()),
    }
}

fn call(mut words: Vec<OsString>) -> Result<(), String> {
    let position = words.iter().position(|word| !word.to_string_lossy().starts_with('-'));
    let name = words.remove(position.ok_or("no action is named")?).to_string_lossy().into_owned();
    let function = carried().find(&name).map_err(|error| error.to_string())?;
    let line = std::iter::once(OsString::from("connector call")).chain(words);
    match call::command(function).try_get_matches_from(line) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        _ => Ok(()),
    }
}

fn is_action(name: &str) -> Result<(), String> {
    carried().find(name).map(drop).map_err(|error| error.to_string())
}

fn is_trigger(manifest: &Manifest, name: &str) -> bool {
    manifest.triggers.iter().any(|trigger| trigger.name == name)
}

/// Checks whether incomplete words, as in a sentence, name a command and its flags.
fn resembles(root: &clap::Command, words: &[String]) -> Result<(), String> {
    let mut command = root;
    for word in &words[1..] {
        if let Some(flag) = word.strip_prefix("--") {
            let name = flag.split('=').next().unwrap_or_default();
            let known = command.get_arguments().any(|argument| argument.get_long() == Some(name));
            if !known && command.get_name() != "call" {
                return Err(format!("{} has no flag --{name}", command.get_name()));
            }
        } else if let Some(inner) = command.find_subcommand(word) {
            command = inner;
        } else if command.has_subcommands() && is_name(word) {
            return Err(format!("{} has no command {word}", command.get_name()));
        }
    }
    Ok(())
}

/// Whether a word could be a command's name; others are placeholders.
fn is_name(word: &str) -> bool {
    word.chars().all(|letter| letter.is_ascii_lowercase() || letter == '-')
}

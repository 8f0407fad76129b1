//! The help of every command, and of what can be called.

use super::{check, names, run};
use crate::support::home::Home;

#[test]
fn the_help_of_each_command_is_as_reviewed() {
    let home = Home::empty();
    let mut waiting = vec![Vec::new()];
    while let Some(path) = waiting.pop() {
        let words: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = home.run(&words).done().stdout;
        for inner in commands(&help) {
            waiting.push(path.iter().cloned().chain([inner]).collect());
        }
        let name = if path.is_empty() { "connector".into() } else { path.join("-") };
        check("help", &name, &run(&home, &words));
    }
}

#[test]
fn the_help_of_each_action_is_as_reviewed() {
    let home = Home::empty();
    let mut text = String::new();
    for action in names("actions") {
        // The flags that all commands share stand in the help of `connector call`.
        let help = home.run(&["call", &action, "--help"]).done().stdout;
        let own = help.split("\nGlobal options:").next().unwrap_or_default();
        text.push_str(&format!("$ connector call {action} --help\n{own}\n"));
    }
    check("help", "call-each-action", &text);
}

/// The commands that a help text lists.
fn commands(help: &str) -> Vec<String> {
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    list.take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

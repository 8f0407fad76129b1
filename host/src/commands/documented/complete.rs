//! Everything that exists is mentioned: commands, settings, kinds of sign-in, variables, failures. And
//! everything that the manual quotes exists.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use connector_host::config::{Config, Variables};

use super::page::Page;
use super::{all, files, manual, root};
use crate::cli;

#[test]
fn each_command_is_in_the_manual() {
    let mut text = String::new();
    for page in manual() {
        let blocks = page.blocks.iter().map(|block| &block.text);
        blocks.chain(&page.spans).for_each(|code| writeln!(text, "{code}").expect("there is room"));
    }
    let mut missing = Vec::new();
    missing_commands(&cli::command(), "connector", &text, &mut missing);
    assert!(missing.is_empty(), "nothing is said of {missing:?}");
}

fn missing_commands(command: &clap::Command, path: &str, text: &str, missing: &mut Vec<String>) {
    for inner in command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help")
    {
        let path = format!("{path} {}", inner.get_name());
        if inner.has_subcommands() {
            missing_commands(inner, &path, text, missing);
        } else if !text.contains(&path) {
            missing.push(path);
        }
    }
}

/// The parser itself lists the valid keys when it is given an invalid one.
#[test]
fn each_key_of_the_configuration_is_in_the_manual() {
    let known = spans(&["configuration.md", "sign_in.md"]);
    for table in ["connections.x", "connections.x.auth", "connections.x.quota", "triggers.x"] {
        let kind = if table.ends_with("auth") { "kind = \"none\"\n" } else { "" };
        let hint = hint(&format!("[{table}]\n{kind}zzzzzzzz = 1\n"));
        let keys: Vec<&str> = hint.rsplit(": ").next().unwrap_or_default().split(", ").collect();
        assert!(keys.len() > 3, "{table}: {hint}");
        let missing: Vec<_> = keys.iter().filter(|key| **key != "kind" && !known.contains(**key)).collect();
        assert!(missing.is_empty(), "nothing is said of {missing:?} in {table}");
    }
}

#[test]
fn each_kind_of_sign_in_is_in_the_manual() {
    let known = spans(&["sign_in.md"]);
    let hint = hint("[connections.x.auth]\nkind = \"zzzzzzzz\"\n");
    let kinds: Vec<&str> = hint.rsplit(": ").next().unwrap_or_default().split(", ").collect();
    assert!(kinds.len() >= 9, "{hint}");
    assert!(kinds.iter().all(|kind| known.contains(*kind)), "{kinds:?}");
}

#[test]
fn each_variable_of_the_program_is_in_the_manual_and_no_other() {
    let mut used = BTreeSet::new();
    for file in files(&root().join("host/src"), "rs") {
        if file.components().any(|part| part.as_os_str() == "documented") {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("it can be read");
        used.extend(variables(&text));
    }
    // It makes debug builds crash where a test says.
    used.remove("CONNECTOR_FAIL_POINT");
    let documented = spans(&["environment.md"]);
    let documented = documented.iter().filter(|span| span.starts_with("CONNECTOR_")).cloned().collect();
    assert_eq!(used, documented);
}

/// The names of the program's variables that are in quotation marks.
fn variables(source: &str) -> impl Iterator<Item = String> {
    source.match_indices("\"CONNECTOR_").filter_map(|(at, _)| {
        let name = source[at + 1..].split('"').next()?;
        let is_name = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        is_name.then(|| name.to_owned())
    })
}

#[test]
fn each_case_of_a_failure_has_its_exit_code_in_the_manual() {
    let types = std::fs::read_to_string(root().join("wit/connector/types.wit")).expect("it is there");
    let (_, variant) = types.split_once("variant failure {").expect("it has a failure");
    let (cases, _) = variant.split_once("\n    }").expect("it ends");
    let known = spans(&["exit_codes.md"]);
    let cases: Vec<&str> = cases
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .filter_map(|line| line.split(['(', ',']).next())
        .collect();
    assert!(cases.len() >= 11, "{cases:?}");
    for case in cases {
        assert!(known.contains(case), "nothing is said of {case}");
    }
}

/// Text between backticks in a heading is a message of the program: each part of it, apart from ellipses,
/// occurs in the sources.
#[test]
fn each_message_that_troubleshooting_quotes_is_there() {
    let mut sources = String::new();
    for folder in ["host/src", "component/src"] {
        for file in files(&root().join(folder), "rs") {
            if !file.components().any(|part| part.as_os_str() == "documented") {
                sources.push_str(&std::fs::read_to_string(&file).expect("it can be read"));
            }
        }
    }
    // A message may continue on the next line of the source.
    let sources = sources.split_whitespace().collect::<Vec<_>>().join(" ").replace("\\ ", "");
    let page = Page::read(&root().join("host/src/manual/troubleshooting.md"));
    let quoted: Vec<&String> = page.headings.iter().flat_map(|heading| &heading.spans).collect();
    assert!(quoted.len() >= 8, "{quoted:?}");
    for message in quoted {
        for part in message.split('…').map(str::trim).filter(|part| !part.is_empty()) {
            assert!(sources.contains(part), "no message says `{part}`");
        }
    }
}

#[test]
fn each_page_is_a_module_and_in_the_contents() {
    let modules = std::fs::read_to_string(root().join("host/src/manual.rs")).expect("it is there");
    let contents: Vec<Page> = ["README.md", "design/README.md"]
        .iter()
        .map(|file| Page::read(&root().join("host/src/manual").join(file)))
        .collect();
    let reached: BTreeSet<_> = contents
        .iter()
        .flat_map(|page| page.links.iter().map(|link| page.path.parent().expect("a folder").join(link)))
        .filter_map(|path| path.canonicalize().ok())
        .collect();
    for page in manual().iter().filter(|page| {
        page.path.parent().is_some_and(|folder| folder.ends_with("manual") || folder.ends_with("design"))
    }) {
        let path = page.path.to_string_lossy();
        let (_, name) = path.split_once("host/src/").expect("it is a page of the manual");
        assert!(modules.contains(&format!("\"{name}\"")), "{name} is no module");
        assert!(
            name == "manual/README.md" || reached.contains(&page.path.canonicalize().expect("it is there")),
            "{name} is not in the contents"
        );
        assert!(
            page.headings.len() > 1 || page.blocks.len() > 1 || !page.links.is_empty(),
            "{name} is empty"
        );
    }
}

/// A person reads a page, not a book.
#[test]
fn no_page_is_too_long_to_be_read() {
    for page in all() {
        let text = std::fs::read_to_string(&page.path).expect("it can be read");
        let most = if page.path == root().join("README.md") { 160 } else { 200 };
        assert!(text.lines().count() <= most, "{} has {} lines", page.name(), text.lines().count());
    }
}

fn spans(pages: &[&str]) -> BTreeSet<String> {
    let folder = root().join("host/src/manual");
    pages.iter().flat_map(|page| Page::read(&folder.join(page)).spans).collect()
}

fn hint(text: &str) -> String {
    let none: [(&str, &str); 0] = [];
    match Config::parse(Path::new("config.toml"), text, &Variables::fixed(none)) {
        Err(error) => error.hint().to_string(),
        Ok(_) => panic!("a key that does not exist is taken:\n{text}"),
    }
}

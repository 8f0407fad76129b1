//! What shells are told, and manual pages.

use crate::support::home::Home;

#[test]
fn each_shell_gets_a_script_that_asks_the_program() {
    let home = Home::empty();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = home.run(&["completions", shell]).done().stdout;
        assert!(script.contains("CONNECTOR_COMPLETE") && script.contains("connector"), "{shell}:\n{script}");
    }
    let help = home.run(&["completions", "--help"]).done().stdout;
    for place in ["~/.bashrc", "~/.zshrc", "connector.fish", "$PROFILE", "rc.elv"] {
        assert!(help.contains(place), "{place} is not in\n{help}");
    }
}

#[test]
fn completions_know_commands_actions_and_their_flags() {
    let home = Home::empty();
    assert!(offered(&home, &["con"]).contains(&"connections".to_owned()));
    assert_eq!(offered(&home, &["call", "isolate-"]), ["isolate-machine"]);
    let flags = offered(&home, &["call", "isolate-machine", "--"]);
    for flag in ["--isolation-type", "--comment", "--connection"] {
        assert!(flags.iter().any(|offered| offered == flag), "{flag} is not in {flags:?}");
    }
    assert_eq!(offered(&home, &["call", "isolate-machine", "--isolation-type", ""]), ["full", "selective"]);
    assert_eq!(offered(&home, &["describe", "isolate-"]), ["isolate-machine"]);
    assert!(offered(&home, &["describe", "new-"]).contains(&"new-alerts".to_owned()));
    assert_eq!(offered(&home, &["schema", "tag-"]), ["tag-machine"]);
    assert!(offered(&home, &["watch", ""]).contains(&"new-alerts".to_owned()));
    assert_eq!(offered(&home, &["connections", "test", "--for", "isolate-"]), ["isolate-machine"]);
}

#[test]
fn completions_know_the_names_of_connections_and_of_kinds() {
    let home = Home::empty();
    let table = |name: &str| format!("[connections.{name}]\n[connections.{name}.auth]\nkind = \"none\"\n");
    home.configure(&[table("default"), table("soc-east"), table("soc-west")].concat());
    assert_eq!(offered(&home, &["actions", "--connection", "soc-"]), ["soc-east", "soc-west"]);
    assert_eq!(offered(&home, &["--connection", "d"]), ["default"]);
    assert_eq!(offered(&home, &["call", "list-alerts", "--connection", "soc-w"]), ["soc-west"]);
    assert_eq!(offered(&home, &["connections", "remove", "soc-e"]), ["soc-east"]);
    let kinds = offered(&home, &["connections", "add", "--kind", ""]);
    for kind in ["client-secret", "device-code", "managed-identity", "none"] {
        assert!(kinds.iter().any(|offered| offered == kind), "{kind} is not in {kinds:?}");
    }
    let clouds = offered(&home, &["connections", "add", "--cloud", "gcc"]);
    assert!(clouds.contains(&"gcc-high".to_owned()), "{clouds:?}");
}

#[test]
fn completions_of_another_file_follow_its_configuration() {
    let home = Home::empty();
    let other = home.path().join("other.toml");
    std::fs::write(&other, "[connections.elsewhere]\n[connections.elsewhere.auth]\nkind = \"none\"\n")
        .expect("the home can be written");
    let other = other.to_str().expect("temporary paths are text");
    assert_eq!(offered(&home, &["--config", other, "login", "--connection", ""]), ["elsewhere"]);
    // A configuration that cannot be read offers nothing, and says nothing into the command line.
    home.configure("[connections");
    assert!(offered(&home, &["--connection", ""]).is_empty());
}

#[test]
fn each_command_and_each_action_has_a_manual_page() {
    let home = Home::empty();
    let folder = home.path().join("share/man1");
    home.run(&["man", folder.to_str().expect("temporary paths are text")]).done();
    for (page, part) in [
        ("connector.1", "connector\\-call(1)"),
        ("connector-call.1", "connector\\-call\\-isolate\\-machine(1)"),
        ("connector-call-isolate-machine.1", "\\-\\-isolation\\-type"),
        ("connector-connections-add.1", "\\-\\-client\\-secret\\-env"),
        ("connector-events-resume.1", ".SH DESCRIPTION"),
        ("connector-man.1", ".SH SYNOPSIS"),
        ("connector-schema.1", "JSON Schema"),
    ] {
        let text =
            std::fs::read_to_string(folder.join(page)).unwrap_or_else(|error| panic!("{page}: {error}"));
        assert!(text.contains(part), "{part} is not in {page}:\n{text}");
    }
    let file = home.path().join("file");
    std::fs::write(&file, "").expect("the home can be written");
    home.run(&["man", file.to_str().expect("temporary paths are text")]).usage("cannot write manual pages");
}

/// What bash would offer after `connector` and these words, the last of which is typed in part.
fn offered(home: &Home, words: &[&str]) -> Vec<String> {
    let mut command = home.command(&["--", "connector"]);
    command.args(words).env("CONNECTOR_COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string());
    let output = command.output().expect("the command starts");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(|line| line.trim_end().to_owned()).collect()
}

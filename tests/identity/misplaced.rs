//! A secret where the name of its variable belongs: it is refused there, and printed nowhere.

use crate::support::home::{Home, Outcome};

/// What an authority makes up, and what may be the name of a variable, but that none is set and no word is in it.
const SECRETS: [&str; 2] = ["Abc8Q~canary.Secret-value_1", "x8QcanaryDEF0123456789"];

fn home(lines: &str) -> Home {
    let home = Home::empty();
    home.configure(&format!("[connections.default]\ncloud = \"public\"\ntenant-id = \"t\"\n{lines}\n"));
    home
}

/// Checks that nothing printed it.
#[track_caller]
fn assert_refused(outcome: &Outcome, words: &str) {
    let shown = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(!shown.contains("canary"), "{shown}");
    assert!(matches!(outcome.code, 2 | 3), "{outcome:?}");
    assert!(
        shown.contains(words) && (shown.contains("hint: ") || shown.contains("{\"error\"")),
        "{words} is not in {shown}"
    );
}

#[test]
fn a_secret_in_place_of_a_connections_variable_is_not_shown() {
    for secret in SECRETS {
        for (kind, key, more) in [
            ("client-secret", "client-secret-env", "client-id = \"c\""),
            ("token", "token-env", ""),
            ("certificate", "certificate-password-env", "client-id = \"c\"\ncertificate-file = \"/none\""),
        ] {
            let home =
                home(&format!("[connections.default.auth]\nkind = \"{kind}\"\n{more}\n{key} = \"{secret}\""));
            for words in [
                &["call", "list-machines"][..],
                &["call", "list-machines", "--output", "json"],
                &["connections", "test"],
                &["watch", "new-alerts", "--once", "--to", "-"],
            ] {
                assert_refused(&home.run(&[words, &["-vvv"]].concat()), "");
            }
            let list = home.run(&["connections", "list"]).done();
            assert!(!format!("{list:?}").contains("canary"), "{list:?}");
            let strict = home.run(&["call", "list-machines"]);
            let expected = match secret.contains('~') {
                true => format!("`auth.{key}` is not the name of an environment variable"),
                false => String::new(),
            };
            assert_refused(&strict, &expected);
        }
    }
}

#[test]
fn a_secret_in_place_of_a_triggers_variable_is_not_shown() {
    let auth = "[connections.default.auth]\nkind = \"none\"\n";
    for secret in SECRETS {
        let home = home(auth);
        let watch =
            ["watch", "new-alerts", "--once", "--to", "https://soar.example.com/", "--secret-env", secret];
        assert_refused(&home.run(&watch), "name of an environment variable");
        for (key, value, source) in [
            ("secret-env", format!("[\"{secret}\"]"), "poll"),
            ("verify-env", format!("[\"{secret}\"]"), "push"),
            ("path-secret-env", format!("\"{secret}\""), "push"),
        ] {
            let home = self::home(&format!(
                "{auth}[triggers.soc]\ntrigger = \"new-alerts\"\nsource = \"{source}\"\n\
                 to = \"https://soar.example.com/\"\n{key} = {value}"
            ));
            assert_refused(
                &home.run(&["serve", "--listen", "127.0.0.1:0"]),
                "name of an environment variable",
            );
        }
    }
}

#[test]
fn a_missing_signing_secret_is_not_called_a_credential() {
    let home = home("[connections.default.auth]\nkind = \"none\"");
    let outcome =
        home.run(&["watch", "new-alerts", "--once", "--to", "https://x.example/", "--secret-env", "HOOK"]);
    assert!(
        outcome
            .stderr
            .contains("the variable HOOK, which should hold a signing secret, is not set or is empty"),
        "{outcome:?}"
    );
    assert!(!outcome.stderr.contains("credential"), "{outcome:?}");
}

#[test]
fn names_that_a_cloud_has_elsewhere_are_understood() {
    for (name, hint) in [
        ("usgov", "did you mean \"gcc\", \"gcc-high\" or \"dod\"?"),
        ("USGovernment", "did you mean \"gcc\", \"gcc-high\" or \"dod\"?"),
        ("AzureCloud", "did you mean \"public\"?"),
        ("global", "did you mean \"public\"?"),
        ("worldwide", "did you mean \"public\"?"),
        ("commercial", "did you mean \"public\"?"),
    ] {
        let home = Home::empty();
        home.configure(&format!(
            "[connections.default]\ncloud = \"{name}\"\n[connections.default.auth]\nkind = \"none\"\n"
        ));
        home.run(&["call", "list-machines"]).usage(hint);
    }
}

#[test]
fn a_tenant_in_braces_is_told_to_be_without_them() {
    let home = Home::empty();
    home.configure(
        "[connections.default]\ncloud = \"public\"\ntenant-id = \"{7f8a3b60-4d1e-4a57-9c2f-5b6d0e1f2a34}\"\n\
         [connections.default.auth]\nkind = \"device-code\"\nclient-id = \"c\"\n",
    );
    home.run(&["call", "list-machines"]).usage("without braces");
}

//! Each block of TOML is a configuration that the program accepts.

use std::path::Path;

use connector_host::Trust;
use connector_host::config::{Config, Variables};

use super::{carried, manual};

/// The mark of a block that is not a configuration but lines for a `Cargo.toml`.
const CARGO: &str = "Cargo.toml";

#[test]
fn each_toml_block_is_a_configuration_that_fits_the_connector() {
    let mut blocks = 0;
    for page in manual() {
        for (what, block) in page.blocks_of("toml") {
            let place = format!("{}:\n{}", page.name(), block.text);
            match what {
                "" => check(&block.text, &place),
                CARGO => check_dependencies(&block.text, &place),
                other => panic!("`{other}` is no kind of TOML block: {place}"),
            }
            blocks += 1;
        }
    }
    assert!(blocks >= 10, "{blocks} blocks were found");
}

#[test]
fn each_json_block_is_json() {
    for page in manual() {
        for (_, block) in page.blocks_of("json") {
            let read: Result<serde_json::Value, _> = serde_json::from_str(&block.text);
            assert!(read.is_ok(), "{}: {read:?}\n{}", page.name(), block.text);
        }
    }
}

fn check(text: &str, place: &str) {
    let path = Path::new("config.toml");
    let none: [(&str, &str); 0] = [];
    let config = Config::parse(path, text, &Variables::fixed(none))
        .unwrap_or_else(|error| panic!("{error}\nhint: {}\n{place}", error.hint()));
    let manifest = carried().manifest();
    for name in config.connections() {
        if let Err(error) = config.profile(name, manifest, Trust::Connector) {
            panic!("{error}\nhint: {}\n{place}", error.hint());
        }
    }
    for trigger in config.triggers() {
        assert!(manifest.triggers.iter().any(|known| known.name == trigger.trigger), "{place}");
    }
}

fn check_dependencies(text: &str, place: &str) {
    let document: toml_edit::DocumentMut = text.parse().unwrap_or_else(|error| panic!("{error}\n{place}"));
    let host = &document["dependencies"]["connector-host"];
    assert_eq!(host["default-features"].as_bool(), Some(false), "{place}");
}

//! What README and manual say is what the program does: settings are parsed by the real parser, commands by the real
//! command line, links lead somewhere, and nothing that there is goes unsaid.

mod commands;
mod complete;
mod links;
mod page;
mod settings;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use connector_host::{Connector, Host};
use page::Page;

use crate::setup;

/// The repository.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pages of the manual, and README.
fn manual() -> Vec<Page> {
    let mut pages = vec![Page::read(&root().join("README.md"))];
    pages.extend(markdown(&root().join("host/src/manual")).iter().map(|file| Page::read(file)));
    pages
}

/// All that is to be read in the repository.
fn all() -> Vec<Page> {
    let mut pages = manual();
    for place in
        [".github", "host/CHANGELOG.md", "component/CHANGELOG.md", "wit", "tests/simulator/README.md"]
    {
        pages.extend(markdown(&root().join(place)).iter().map(|file| Page::read(file)));
    }
    pages
}

/// The files of Markdown in a folder and in its folders, or the file itself. `links.md` is a part of pages.
fn markdown(place: &Path) -> Vec<PathBuf> {
    files(place, "md").into_iter().filter(|file| !file.ends_with("links.md")).collect()
}

/// The files of that kind in a folder and in its folders, or the file itself.
fn files(place: &Path, extension: &str) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = std::fs::read_dir(place).expect("the folder is there");
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.expect("the folder can be read").path()) {
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The connector that the program carries.
fn carried() -> &'static Connector {
    static CARRIED: OnceLock<Connector> = OnceLock::new();
    CARRIED.get_or_init(|| {
        let host = Host::builder().concurrency(1).build().expect("there is room for a sandbox");
        host.load(setup::EMBEDDED).expect("it is a connector")
    })
}

//! README and manual match the program: the real parser accepts the settings, the real command line accepts
//! the commands, links lead somewhere, and everything that exists is mentioned.

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

/// All Markdown pages in the repository.
fn all() -> Vec<Page> {
    let mut pages = manual();
    for place in
        [".github", "host/CHANGELOG.md", "component/CHANGELOG.md", "wit", "tests/simulator/README.md"]
    {
        pages.extend(markdown(&root().join(place)).iter().map(|file| Page::read(file)));
    }
    pages
}

/// Returns the Markdown files in a folder and its subfolders, or the file itself. `links.md` is only a part
/// of pages.
fn markdown(place: &Path) -> Vec<PathBuf> {
    files(place, "md").into_iter().filter(|file| !file.ends_with("links.md")).collect()
}

/// Returns the files with that extension in a folder and its subfolders, or the file itself.
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

/// The connector that is embedded in the program.
fn carried() -> &'static Connector {
    static CARRIED: OnceLock<Connector> = OnceLock::new();
    CARRIED.get_or_init(|| {
        let host = Host::builder().concurrency(1).build().expect("there is room for a sandbox");
        host.load(setup::EMBEDDED).expect("it is a connector")
    })
}

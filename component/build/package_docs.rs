//! The section `package-docs`, in which tools that print a component's WIT look for doc comments.
//!
//! The section documents the component's own package, which such tools call `root` and which contains only
//! the world. Interfaces belong to other packages and have no place in it; the manifest documents them.

use serde_json::json;

/// The version of the section that both old and new tools can read.
const VERSION: u8 = 0;

/// The section's bytes: the world's doc comment, without its tags.
pub(crate) fn package_docs(world: &str) -> Vec<u8> {
    let prose = world.lines().take_while(|line| !line.trim_start().starts_with('@'));
    let docs = prose.collect::<Vec<_>>().join("\n");
    let sections = json!({ "worlds": { "root": { "docs": docs.trim_end() } } });
    [&[VERSION], sections.to_string().as_bytes()].concat()
}

//! The spellings of a WIT name.

/// `computer-dns-name` as `computerDnsName`: the API's spelling of keys.
pub(crate) fn camel(name: &str) -> String {
    let pascal = pascal(name);
    let mut letters = pascal.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}

/// `run-script` as `RunScript`: Rust's spelling of types.
pub(crate) fn pascal(name: &str) -> String {
    name.split('-').map(capitalised).collect()
}

/// `machine-id` as `machine_id`, and `type` as `type_`: the bindings' spelling of modules and fields.
pub(crate) fn snake(name: &str) -> String {
    const KEYWORDS: [&str; 8] = ["type", "in", "for", "use", "match", "ref", "self", "move"];
    let name = name.replace('-', "_");
    if KEYWORDS.contains(&name.as_str()) { name + "_" } else { name }
}

/// `poll-options` as `Poll options`: the title of an item that gives none.
pub(crate) fn sentence(name: &str) -> String {
    capitalised(&name.replace('-', " "))
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

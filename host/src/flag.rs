//! The names of the flags for an action's parameters.

/// Flags that all actions share, or that clap adds. A connector may name a parameter like one of them; the
/// shared flag keeps its meaning.
const RESERVED: [&str; 12] = [
    "all",
    "columns",
    "component",
    "config",
    "connection",
    "csv-safe",
    "deadline",
    "help",
    "input",
    "output",
    "verbose",
    "version",
];

/// Returns the flag for the parameter that the contract calls `name`, without the dashes.
pub(crate) fn name(name: &str) -> String {
    if RESERVED.contains(&name) { format!("with-{name}") } else { name.to_owned() }
}

/// The flags that are never a parameter's.
pub(crate) fn reserved() -> impl Iterator<Item = String> {
    RESERVED.into_iter().map(str::to_owned)
}

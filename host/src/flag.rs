//! How the flags of an action's parameters are called.

/// Flags that all actions share, or that clap gives: a connector may call a parameter like one of them, which stays what
/// it is.
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

/// The flag of the parameter that the contract calls `name`, without the dashes.
pub(crate) fn name(name: &str) -> String {
    if RESERVED.contains(&name) { format!("with-{name}") } else { name.to_owned() }
}

/// The flags that no parameter has.
pub(crate) fn reserved() -> impl Iterator<Item = String> {
    RESERVED.into_iter().map(str::to_owned)
}

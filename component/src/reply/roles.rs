//! The permissions that a refusal names.

use crate::prelude::*;

/// The permissions, any one of which would have sufficed. The API has two wordings:
/// `API required roles: A,B, application roles: C.` and `… permissions (A, B) to …`.
pub(super) fn missing(message: &str) -> Vec<String> {
    let required = message
        .split_once("API required roles:")
        .map(|(_, rest)| rest.split_once("application roles:").map_or(rest, |(required, _)| required));
    let listed = required.or_else(|| message.split_once('(')?.1.split_once(')').map(|(inside, _)| inside));
    let names = listed.unwrap_or_default().split(',').map(|name| name.trim().trim_end_matches('.'));
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    // Anything that does not look like permissions is a remark.
    if names.iter().all(|name| is_permission(name)) { names } else { Vec::new() }
}

fn is_permission(name: &str) -> bool {
    name.contains('.') && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

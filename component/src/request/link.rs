//! Links to the next page. They are followed only to where the first page came from.
//!
//! A link comes from a reply, through whoever stored it, so it is trusted no more than any other input. The
//! request always goes to the connection's own origin. Real replies name older and regional hosts instead of
//! the one that was asked, so a link to another host is accepted if the contract names that host as the API's
//! own. Only its path and query are used then, not its host.

use super::address::Address;
use crate::contract::HOSTS;
use crate::encoding::decoded;
use crate::failure::{Failure, invalid};
use crate::prelude::*;

/// The name of the parameter in the contract.
pub(super) const PARAMETER: &str = "next-link";

/// The longest link that is followed, in bytes.
const LONGEST: usize = 32 << 10;

/// Returns the path and query of the request that follows `link`, exactly as the link gives them. `segments`
/// is the unencoded path of the operation.
///
/// # Errors
/// The link leads to another host or another operation.
pub(super) fn follow(link: &str, segments: &[String], own: &Address) -> Result<String, Failure> {
    let refused = |reason: &str| invalid(PARAMETER, reason);
    if link.len() > LONGEST {
        return Err(refused("is too long"));
    }
    if !link.bytes().all(|byte| byte.is_ascii_graphic() && !b"#\\".contains(&byte)) {
        return Err(refused("has characters that a URL cannot have"));
    }
    let (address, target) = Address::parse_origin(link).map_err(refused)?;
    let prefix = if address.has_origin_of(own) {
        None
    } else if is_equivalent(&address) {
        Some(own.prefix.as_str())
    } else {
        return Err(refused(&format!("leads to {address}, not to {own}")));
    };
    let path = target.split_once('?').map_or(target, |(path, _)| path);
    let below_prefix = match prefix {
        None => path.strip_prefix(own.prefix.as_str()),
        Some(_) => Some(path),
    };
    if !below_prefix.is_some_and(|path| is_same(path, segments)) {
        let expected = segments.join("/");
        return Err(refused(&format!("leads to another operation than {}/{expected}", own.prefix)));
    }
    Ok([prefix.unwrap_or_default(), target].concat())
}

/// Whether an address is one of the API's own.
fn is_equivalent(address: &Address) -> bool {
    let host = address.host();
    address.secure && address.effective_port() == 443 && HOSTS.iter().any(|pattern| is_named(host, pattern))
}

/// Whether a host matches a pattern, in which `*` stands for a region of letters, digits and hyphens.
fn is_named(host: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return host == pattern;
    };
    let region = host.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    region.is_some_and(|region| {
        !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// Whether a path is the operation's, ignoring case, with or without the API's version.
fn is_same(path: &str, segments: &[String]) -> bool {
    let Some(found) = path.strip_prefix('/') else {
        return false;
    };
    let Some(mut found) = found.split('/').map(decoded).collect::<Option<Vec<String>>>() else {
        return false;
    };
    if segments.first().is_some_and(|first| first == "api")
        && found.get(1).is_some_and(|second| is_version(second))
    {
        found.remove(1);
    }
    found.len() == segments.len()
        && found.iter().zip(segments).all(|(found, segment)| found.eq_ignore_ascii_case(segment))
}

/// Whether a segment is a version such as `v1.0`.
fn is_version(segment: &str) -> bool {
    let digits = segment.strip_prefix(['v', 'V']).unwrap_or_default();
    digits.starts_with(|digit: char| digit.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

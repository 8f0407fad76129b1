//! The hosts of an API, in whose names a `*` may stand for a region.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Host names, each with at most one `*`, which stands for a region: letters, digits and hyphens, but no dot.
/// Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Hosts(Arc<[String]>);

impl Hosts {
    /// Whether `host` is one of these, regardless of case.
    #[must_use]
    pub fn contain(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|pattern| is_named(&host, pattern))
    }

    /// Whether there are no hosts.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a malformed name, if there is one.
    pub(super) fn broken(&self) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|pattern| !is_pattern(pattern))
    }
}

fn is_named(host: &str, pattern: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else {
        return host == pattern;
    };
    let region = host.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    region.is_some_and(|region| {
        !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// Whether text is a host in lower case, with at most one `*`, which must come before a domain of two labels
/// or more.
fn is_pattern(pattern: &str) -> bool {
    let fixed = pattern.split_once('*').map_or(pattern, |(_, domain)| domain);
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.*".contains(&byte);
    pattern.bytes().all(letters) && !fixed.contains('*') && fixed.trim_start_matches('.').contains('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_region_and_no_more() {
        let hosts = Hosts(Arc::new(["api-*.example.com".to_owned(), "api.example.com".to_owned()]));
        assert_eq!(hosts.broken(), None);
        for host in ["api.example.com", "api-eu3.example.com", "API-EU3.Example.com"] {
            assert!(hosts.contain(host), "{host}");
        }
        for host in
            ["api-.example.com", "api-a.b.example.com", "api-a.example.com.evil.test", "xapi-a.example.com"]
        {
            assert!(!hosts.contain(host), "{host}");
        }
        for broken in ["*", "*.com", "api-*", "a*b*.example.com", "API.example.com", "a b.example.com", ""] {
            assert!(!is_pattern(broken), "{broken}");
        }
    }
}

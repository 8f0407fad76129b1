//! Which proxy a request goes through, according to the environment and the platform.
//!
//! hyper's [`Matcher`] knows the forms that curl knows: `example.com` and `.example.com` (the name and all
//! below it), addresses, networks (`10.0.0.0/8`) and `*`. Two more forms are common in practice and supported
//! here: `*.example.com`, and any form followed by a port, which then applies to that port only.

use http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

/// A placeholder, because a matcher without a proxy intercepts nothing. It is never contacted.
const SOME_PROXY: &str = "http://proxy.invalid";

/// Proxies and the exceptions to them.
#[derive(Debug)]
pub(super) struct Proxies {
    matcher: Matcher,
    exceptions: Vec<Exception>,
}

/// An entry of `NO_PROXY` in a form that hyper does not know.
#[derive(Debug)]
struct Exception {
    /// Matches everything except what the entry names.
    others: Matcher,
    port: Option<u16>,
}

impl Proxies {
    /// Reads `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in upper or lower case, and the platform's settings
    /// if these are unset.
    pub(super) fn of_system() -> Self {
        let variable = |name| std::env::var(name).ok();
        let exceptions = variable("NO_PROXY").or_else(|| variable("no_proxy")).unwrap_or_default();
        Self::new(Matcher::from_system(), &exceptions)
    }

    pub(super) fn none() -> Self {
        Self::new(Matcher::builder().build(), "")
    }

    /// Adds the exceptions of `NO_PROXY` that the matcher does not know. It already has those in its own
    /// forms.
    pub(super) fn new(matcher: Matcher, exceptions: &str) -> Self {
        Self { matcher, exceptions: exceptions.split(',').filter_map(Exception::read).collect() }
    }

    /// Returns the proxy for this address; `None` if the request goes there directly.
    pub(super) fn intercept(&self, uri: &Uri) -> Option<Intercept> {
        let proxy = self.matcher.intercept(uri)?;
        let excepted = self.exceptions.iter().any(|exception| exception.covers(uri));
        (!excepted).then_some(proxy)
    }
}

impl Exception {
    /// Returns `None` if hyper knows the form of the entry.
    fn read(entry: &str) -> Option<Self> {
        let entry = entry.trim();
        let (name, port) = match split_port(entry) {
            Some((name, port)) => (name, Some(port)),
            None => (entry, None),
        };
        let below = name.strip_prefix("*.");
        if below.is_none() && port.is_none() {
            return None;
        }
        let name = below.unwrap_or(name).trim_matches(['[', ']']);
        Some(Self { others: Matcher::builder().all(SOME_PROXY).no(name).build(), port })
    }

    fn covers(&self, uri: &Uri) -> bool {
        let by_scheme = if uri.scheme_str() == Some("https") { 443 } else { 80 };
        let same_port = self.port.is_none_or(|port| port == uri.port_u16().unwrap_or(by_scheme));
        same_port && self.others.intercept(uri).is_none()
    }
}

/// Splits off a port, unless the colon is part of an IPv6 address.
fn split_port(entry: &str) -> Option<(&str, u16)> {
    let (name, port) = entry.rsplit_once(':')?;
    if name.contains(':') && !name.ends_with(']') {
        return None;
    }
    Some((name, port.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn direct(no_proxy: &str, address: &str) -> bool {
        let matcher = Matcher::builder().all("http://proxy.example:3128").no(no_proxy).build();
        Proxies::new(matcher, no_proxy).intercept(&address.parse().unwrap()).is_none()
    }

    #[test]
    fn no_proxy_takes_the_forms_of_the_field() {
        for (no_proxy, address, expected) in [
            ("*.microsoft.com", "https://api.security.microsoft.com/", true),
            ("*.Microsoft.com", "https://api.security.MICROSOFT.com/", true),
            ("*.microsoft.com", "https://evilmicrosoft.com/", false),
            ("*.microsoft.com", "https://microsoft.com.evil.example/", false),
            ("api.example.com:443", "https://api.example.com/", true),
            ("api.example.com:443", "https://api.example.com:443/", true),
            ("api.example.com:443", "https://api.example.com:8443/", false),
            ("api.example.com:8443", "https://api.example.com/", false),
            ("*.example.com:8443", "https://api.example.com:8443/", true),
            ("*.example.com:8443", "https://api.example.com/", false),
            ("a.example, *.example.com:443 ,b.example", "https://api.example.com/", true),
            ("192.0.2.7:8443", "https://192.0.2.7:8443/", true),
            ("192.0.2.7:8443", "https://192.0.2.7/", false),
            ("[2001:db8::1]:8443", "https://[2001:db8::1]:8443/", true),
            ("[2001:db8::1]:8443", "https://[2001:db8::1]/", false),
            // The forms that hyper knows.
            ("example.com", "https://api.example.com/", true),
            (".example.com", "https://api.example.com/", true),
            ("10.0.0.0/8", "https://10.1.2.3/", true),
            ("2001:db8::1", "https://[2001:db8::1]/", true),
            ("*", "https://api.example.com/", true),
            ("", "https://api.example.com/", false),
            ("*.", "https://api.example.com/", false),
            (":443", "https://api.example.com/", false),
            ("api.example.com:", "https://api.example.com/", false),
            ("api.example.com:99999", "https://api.example.com/", false),
        ] {
            assert_eq!(direct(no_proxy, address), expected, "NO_PROXY={no_proxy} {address}");
        }
    }
}

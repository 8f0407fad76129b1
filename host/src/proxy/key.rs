//! The key to a proxy: whoever has it may use the connection.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq as _;

/// The number of random bytes in a key.
const BYTES: usize = 32;

/// A random key, made of characters that need no escaping in a path or a header.
#[derive(Debug)]
pub(super) struct Key(SecretString);

impl Key {
    pub(super) fn random() -> Result<Self, getrandom::Error> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        getrandom::fill(&mut *bytes)?;
        Ok(Self(BASE64_URL_SAFE_NO_PAD.encode(bytes.as_slice()).into()))
    }

    pub(super) fn secret(&self) -> &SecretString {
        &self.0
    }

    /// Returns what follows the key in a path that starts with it.
    pub(super) fn opens<'a>(&self, path_and_query: &'a str) -> Option<&'a str> {
        let path = path_and_query.strip_prefix('/')?;
        let (first, rest) = path.split_at(path.find(['/', '?']).unwrap_or(path.len()));
        self.is(first).then_some(rest)
    }

    /// Returns whether the request carries the key as its bearer token ([RFC 6750, section 2.1]).
    ///
    /// [RFC 6750, section 2.1]: https://www.rfc-editor.org/rfc/rfc6750#section-2.1
    pub(super) fn is_borne_by(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return false;
        };
        let token = value.to_str().ok().and_then(|value| value.split_once(' '));
        token.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case("bearer") && self.is(token.trim()))
    }

    /// Compares in constant time, so that timing reveals nothing about the key.
    fn is(&self, candidate: &str) -> bool {
        self.0.expose_secret().as_bytes().ct_eq(candidate.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn the_first_segment_is_the_key_or_there_is_none() {
        let key = Key::random().unwrap();
        let text = key.secret().expose_secret().to_owned();
        assert_eq!(text.len(), 43);
        assert_eq!(key.opens(&format!("/{text}/api/x?y")), Some("/api/x?y"));
        assert_eq!(key.opens(&format!("/{text}?y")), Some("?y"));
        assert_eq!(key.opens(&format!("/{text}")), Some(""));
        let other = Key::random().unwrap().secret().expose_secret().to_owned();
        for wrong in [
            String::new(),
            "/".into(),
            text.clone(),
            format!("/{}", &text[1..]),
            format!("/{text}A/x"),
            format!("//{text}/x"),
            format!("/x/{text}"),
            format!("/{other}/x"),
            format!("/{}/x", text.to_lowercase()),
        ] {
            assert_eq!(key.opens(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_bearer_is_known_by_one_header() {
        let key = Key::random().unwrap();
        let text = key.secret().expose_secret();
        let with = |values: &[String]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
            }
            headers
        };
        assert!(key.is_borne_by(&with(&[format!("Bearer {text}")])));
        assert!(key.is_borne_by(&with(&[format!("bearer  {text}")])));
        for wrong in
            [format!("Basic {text}"), text.to_owned(), "Bearer ".to_owned(), format!("Bearer {text}x")]
        {
            assert!(!key.is_borne_by(&with(&[wrong])));
        }
        assert!(!key.is_borne_by(&with(&["Bearer x".into(), format!("Bearer {text}")])));
        assert!(!key.is_borne_by(&HeaderMap::new()));
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::random().unwrap();
        assert!(!format!("{key:?}").contains(key.secret().expose_secret()));
    }
}

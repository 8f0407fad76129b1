//! A claims challenge: what an API requires of a token in addition to being valid.

use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

/// The longest challenge that is passed on, in bytes of JSON. Known ones are a few hundred bytes long.
const LONGEST: usize = 8 << 10;

/// Claims that a token must have, as the API asked for them: the `claims` parameter of OpenID Connect
/// ([Core, section 5.5]). Their content is a matter between the API and the authority.
///
/// Source: <https://learn.microsoft.com/entra/identity-platform/claims-challenge>
///
/// [Core, section 5.5]: https://openid.net/specs/openid-connect-core-1_0.html#ClaimsParameter
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims(Box<str>);

impl Claims {
    /// Decodes the claims in a challenge: a JSON object in Base64, in either alphabet and with or without
    /// padding. Returns `None` if it is anything else or too long.
    #[must_use]
    pub fn of_challenge(encoded: &str) -> Option<Self> {
        const PADDING: GeneralPurposeConfig =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        if encoded.len() > LONGEST * 2 {
            return None;
        }
        let alphabet = if encoded.contains(['-', '_']) { URL_SAFE } else { STANDARD };
        let decoded = GeneralPurpose::new(&alphabet, PADDING).decode(encoded).ok()?;
        Self::of_json(std::str::from_utf8(&decoded).ok()?)
    }

    /// Reads the claims from a JSON object.
    pub(super) fn of_json(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        // Parse and serialize again, so that the authority always gets valid JSON.
        let object: Map<String, Value> = serde_json::from_str(text).ok()?;
        let text = (!object.is_empty()).then(|| Value::Object(object).to_string())?;
        Some(Self(text.into()))
    }

    /// The claims as JSON: the value of the authority's parameter `claims`.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_challenge_is_base64_of_a_json_object() {
        let json = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"x":"?>?>~~"}}"#;
        for engine in [BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD] {
            assert_eq!(Claims::of_challenge(&engine.encode(json)).unwrap().json(), json);
        }
        let padded = BASE64_STANDARD.encode(r#"{ "a" : 1 }"#);
        assert_eq!(Claims::of_challenge(&padded).unwrap().json(), r#"{"a":1}"#);
        for wrong in ["[]", "\"a\"", "{}", "", "{\"a\":1}x", "{\"a\":", "null", "1"] {
            assert_eq!(Claims::of_challenge(&BASE64_STANDARD.encode(wrong)), None, "{wrong}");
        }
        for wrong in ["", "{}", "e30", "e30=x", "\u{e9}", "eyJhIjoxfQ&client_secret=x"] {
            assert_eq!(Claims::of_challenge(wrong), None, "{wrong}");
        }
        let nested = format!("{{\"a\":{}{}}}", "[".repeat(4000), "]".repeat(4000));
        assert_eq!(Claims::of_challenge(&BASE64_STANDARD.encode(nested)), None, "too deep");
        let long = format!("{{\"a\":\"{}\"}}", "x".repeat(LONGEST));
        assert_eq!(Claims::of_challenge(&BASE64_STANDARD.encode(long)), None, "too long");
    }

    proptest! {
        #[test]
        fn nothing_panics(text: String, bytes: Vec<u8>) {
            let _ = Claims::of_challenge(&text);
            let _ = Claims::of_challenge(&BASE64_STANDARD.encode(bytes));
        }
    }
}

//! Whether a 401 is about the token, so that a different token may help.

use http::{HeaderMap, header};

use super::challenge::{Challenge, challenges};
use super::credential::Claims;

/// How much of a 401's body is examined, in bytes.
pub(super) const PEEK: usize = 16 << 10;

/// Phrases in a 401 that is about the account rather than the token: a new token would be refused as well.
const ACCOUNT: [&str; 5] = ["license", "licence", "account mode", "subscription", "inactive"];
/// Phrases in a 401 that is about the token's age.
const AGE: [&str; 4] = ["expired", "invalid_token", "invalidauthenticationtoken", "token is not valid"];

/// Which kind of token may help after a 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Renewal {
    /// No token would help.
    Useless,
    /// A new token may help.
    Fresh,
    /// A token that meets these claims may help.
    StepUp(Claims),
}

impl Renewal {
    /// Judges by the reply's challenge ([RFC 6750, section 3.1]), or else by its wording. A 401 that gives no
    /// reason may be about the token's age.
    ///
    /// [RFC 6750, section 3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
    pub(super) fn of(headers: &HeaderMap, body: &[u8]) -> Self {
        let challenges = challenges(headers);
        let bearers = || challenges.iter().filter(|challenge| challenge.scheme == "bearer");
        // This is the only challenge that says exactly what it wants.
        if let Some(claims) = bearers().find_map(asked) {
            return Self::StepUp(claims);
        }
        let body = String::from_utf8_lossy(body).to_ascii_lowercase();
        if body.trim().is_empty() && !headers.contains_key(header::WWW_AUTHENTICATE) {
            return Self::Fresh;
        }
        if ACCOUNT.iter().any(|phrase| body.contains(phrase)) {
            return Self::Useless;
        }
        if bearers().any(is_about_age) || AGE.iter().any(|phrase| body.contains(phrase)) {
            return Self::Fresh;
        }
        Self::Useless
    }
}

/// The claims that a challenge asks for.
///
/// Source: <https://learn.microsoft.com/entra/identity-platform/claims-challenge>
fn asked(challenge: &Challenge) -> Option<Claims> {
    match challenge.parameter("error") {
        Some("insufficient_claims") => Claims::of_challenge(challenge.parameter("claims")?),
        _ => None,
    }
}

fn is_about_age(challenge: &Challenge) -> bool {
    let said = [challenge.parameter("error"), challenge.parameter("error_description")];
    let said: Vec<String> = said.into_iter().flatten().map(str::to_ascii_lowercase).collect();
    AGE.iter().any(|phrase| said.iter().any(|text| text.contains(phrase)))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn remedy(challenge: Option<&str>, body: &str) -> Renewal {
        let mut headers = HeaderMap::new();
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, challenge.parse().unwrap());
        }
        Renewal::of(&headers, body.as_bytes())
    }

    #[test]
    fn a_401_about_the_tokens_age_asks_for_a_renewal() {
        for (challenge, body) in [
            (Some("Bearer error=\"invalid_token\""), ""),
            (Some("Bearer error=\"x\", error_description=\"The token EXPIRED at noon\""), ""),
            (None, "{\"error\":{\"code\":\"InvalidAuthenticationToken\"}}"),
            (None, "The token is expired"),
            (Some("Bearer"), "token is not valid"),
        ] {
            assert_eq!(remedy(challenge, body), Renewal::Fresh, "{challenge:?} {body}");
        }
    }

    #[test]
    fn a_401_that_says_nothing_asks_for_a_renewal() {
        assert_eq!(remedy(None, ""), Renewal::Fresh);
        assert_eq!(remedy(None, " \r\n"), Renewal::Fresh);
    }

    #[test]
    fn a_401_about_anything_else_asks_for_nothing() {
        for (challenge, body) in [
            (None, "{}"),
            (None, "no license; the token is expired"),
            (Some("Bearer"), ""),
            (Some("Bearer error=\"insufficient_scope\""), ""),
            (Some("Basic error=\"invalid_token\""), ""),
            (Some("Basic realm=\"x\""), ""),
        ] {
            assert_eq!(remedy(challenge, body), Renewal::Useless, "{challenge:?} {body}");
        }
    }

    #[test]
    fn a_401_that_asks_for_claims_is_answered_with_these() {
        let claims = STANDARD.encode(r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#);
        let challenge = format!("Bearer error=\"insufficient_claims\", claims=\"{claims}\"");
        assert!(matches!(remedy(Some(&challenge), "no license"), Renewal::StepUp(_)));
        let other = challenge.replace("insufficient_claims", "other");
        assert_eq!(remedy(Some(&other), "{}"), Renewal::Useless);
    }
}

//! The browser's answer: a code, or the reason why there is none.

use http::{Method, StatusCode, Uri};
use secrecy::SecretString;

use crate::egress::credential::message::{entra_code, presentable};
use crate::egress::credential::{CredentialError, Refusal};

/// The browser's answer.
#[derive(Debug)]
pub(super) enum Answer {
    /// A code to exchange for tokens.
    Code(SecretString),
    /// The authority's refusal.
    Refused(CredentialError),
}

/// Reads a request to the redirect address. Only the browser that was sent to the authority knows the state;
/// any other request is rejected and changes nothing.
pub(super) fn read(method: &Method, uri: &Uri, path: &str, state: &str) -> Result<Answer, StatusCode> {
    if uri.path() != path {
        return Err(StatusCode::NOT_FOUND);
    }
    if method != Method::GET {
        return Err(StatusCode::METHOD_NOT_ALLOWED);
    }
    let query = uri.query().unwrap_or_default();
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // A repeated parameter is not allowed (RFC 6749, section 3.1).
    let single = |name: &str| {
        let mut values = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        values.next().filter(|_| values.next().is_none())
    };
    if !single("state").is_some_and(|given| is_same(given, state)) {
        return Err(StatusCode::BAD_REQUEST);
    }
    match (single("code"), single("error")) {
        (Some(code), None) if !code.is_empty() => Ok(Answer::Code(code.into())),
        (None, Some(error)) => {
            Ok(Answer::Refused(refused(error, single("error_description").unwrap_or_default())))
        }
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

fn refused(error: &str, description: &str) -> CredentialError {
    let refusal = match (error, Refusal::of(error, entra_code(description))) {
        ("access_denied", Refusal::Other) => Refusal::Declined,
        (_, other) => other,
    };
    CredentialError::Refused { refusal, error: presentable(error, ""), message: presentable(description, "") }
}

/// Compares in a time that does not reveal where the texts differ.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().zip(other.bytes()).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(method: Method, target: &str) -> Result<Answer, u16> {
        read(&method, &target.parse().unwrap(), "/", "s1").map_err(|status| status.as_u16())
    }

    #[test]
    fn only_the_browser_that_was_sent_out_is_heard() {
        use secrecy::ExposeSecret;
        let Answer::Code(code) = answer(Method::GET, "/?code=a%2Bb&state=s1&session_state=x").unwrap() else {
            panic!()
        };
        assert_eq!(code.expose_secret(), "a+b");
        for (method, target, status) in [
            (Method::GET, "/favicon.ico", 404),
            (Method::GET, "//?code=a&state=s1", 404),
            (Method::POST, "/?code=a&state=s1", 405),
            (Method::HEAD, "/?code=a&state=s1", 405),
            (Method::GET, "/", 400),
            (Method::GET, "/?code=a", 400),
            (Method::GET, "/?code=a&state=s2", 400),
            (Method::GET, "/?code=a&state=s1x", 400),
            (Method::GET, "/?code=a&state=", 400),
            (Method::GET, "/?code=a&state=s1&state=s1", 400),
            (Method::GET, "/?code=a&code=b&state=s1", 400),
            (Method::GET, "/?code=a&error=b&state=s1", 400),
            (Method::GET, "/?code=&state=s1", 400),
            (Method::GET, "/?error=access_denied", 400),
        ] {
            assert_eq!(answer(method.clone(), target).unwrap_err(), status, "{method} {target}");
        }
    }

    #[test]
    fn a_refusal_is_understood() {
        for (query, expected) in [
            ("error=access_denied&error_description=no", Refusal::Declined),
            ("error=access_denied&error_description=AADSTS65004%3A+declined", Refusal::Declined),
            ("error=consent_required", Refusal::NoConsent),
            ("error=access_denied&error_description=AADSTS53003%3A+x", Refusal::Policy),
            ("error=server_error", Refusal::Unavailable),
            ("error=invalid_request&error_description=AADSTS50011%3A+x", Refusal::BadRedirect),
        ] {
            let Ok(Answer::Refused(error)) = answer(Method::GET, &format!("/?{query}&state=s1")) else {
                panic!("{query}")
            };
            assert!(
                matches!(error, CredentialError::Refused { refusal, .. } if refusal == expected),
                "{error:?}"
            );
        }
    }
}

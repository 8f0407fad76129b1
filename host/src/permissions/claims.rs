//! The claims of a token that say what it grants, to whom it is addressed and for how long.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use secrecy::zeroize::Zeroizing;
use serde::Deserialize;

use super::{Grants, Kind, Statement};
use crate::clock::Timestamp;

/// The longest token that is read, in bytes. A longer one would not fit into a header.
const LONGEST: usize = 64 << 10;

/// `roles` are the permissions of an application ([application permissions]); `scp` is what a user allows an
/// application to do, which other authorities call `scope` ([RFC 8693, section 4.2]).
///
/// [application permissions]: https://learn.microsoft.com/en-us/entra/identity-platform/access-token-claims-reference
/// [RFC 8693, section 4.2]: https://www.rfc-editor.org/rfc/rfc8693#section-4.2
#[derive(Deserialize)]
struct Claims {
    #[serde(default)]
    roles: Option<Names>,
    #[serde(default, alias = "scope")]
    scp: Option<Names>,
    /// One audience or several ([RFC 7519, section 4.1.3](https://www.rfc-editor.org/rfc/rfc7519#section-4.1.3)).
    #[serde(default)]
    aud: Option<serde_json::Value>,
    /// Seconds since the Unix epoch, perhaps with a fraction.
    #[serde(default)]
    exp: Option<serde_json::Value>,
}

/// Names in a list, or in one string, separated by spaces.
#[derive(Deserialize)]
#[serde(untagged)]
enum Names {
    List(Vec<String>),
    Text(String),
}

/// What the token says, if it is a signed JWT ([RFC 7519]).
///
/// [RFC 7519]: https://www.rfc-editor.org/rfc/rfc7519
pub(super) fn read(token: &str) -> Statement {
    let Some(Claims { roles, scp, aud, exp }) = claims(token) else {
        return Statement::NOTHING;
    };
    let grants = match scp {
        // A token for a user may also have roles, but those are the user's own and grant the application
        // nothing.
        Some(names) => Grants::Known { kind: Kind::Delegated, permissions: names.into_set() },
        None => Grants::Known {
            kind: Kind::Application,
            permissions: roles.map(Names::into_set).unwrap_or_default(),
        },
    };
    Statement { grants, audiences: audiences(aud), expires: exp.as_ref().and_then(time) }
}

fn audiences(aud: Option<serde_json::Value>) -> Vec<String> {
    match aud {
        Some(serde_json::Value::String(one)) => vec![one],
        Some(serde_json::Value::Array(all)) => {
            all.iter().filter_map(serde_json::Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

fn time(exp: &serde_json::Value) -> Option<Timestamp> {
    // A fraction of a second does not matter for the lifetime of a token.
    #[allow(clippy::cast_possible_truncation)]
    let seconds = exp.as_i64().or_else(|| exp.as_f64().map(|seconds| seconds as i64))?;
    Some(Timestamp::from_micros(seconds.saturating_mul(1_000_000)))
}

fn claims(token: &str) -> Option<Claims> {
    if token.len() > LONGEST {
        return None;
    }
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let payload = Zeroizing::new(BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?);
    serde_json::from_slice(&payload).ok()
}

impl Names {
    fn into_set(self) -> BTreeSet<String> {
        let names: Vec<String> = match self {
            Self::List(names) => names,
            Self::Text(text) => text.split(' ').map(str::to_owned).collect(),
        };
        names.into_iter().filter(|name| !name.is_empty()).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(payload: &serde_json::Value) -> String {
        format!("e30.{}.c2ln", BASE64_URL_SAFE_NO_PAD.encode(payload.to_string()))
    }

    fn known(kind: Kind, names: &[&str]) -> Grants {
        Grants::Known { kind, permissions: names.iter().map(|&name| name.to_owned()).collect() }
    }

    #[test]
    fn roles_are_an_applications_and_scopes_a_users() {
        let cases = [
            (json!({ "roles": ["A", "B"] }), known(Kind::Application, &["A", "B"])),
            (json!({ "roles": "A" }), known(Kind::Application, &["A"])),
            (json!({ "aud": "x" }), known(Kind::Application, &[])),
            (json!({ "roles": null }), known(Kind::Application, &[])),
            (json!({ "scp": "A.Read  B.Read" }), known(Kind::Delegated, &["A.Read", "B.Read"])),
            (json!({ "scope": ["A"] }), known(Kind::Delegated, &["A"])),
            (json!({ "scp": "A", "roles": ["B"] }), known(Kind::Delegated, &["A"])),
        ];
        for (payload, grants) in cases {
            assert_eq!(read(&token(&payload)).grants, grants, "{payload}");
        }
    }

    #[test]
    fn a_token_says_for_whom_it_is_and_how_long() {
        let said = |payload: &serde_json::Value| {
            let Statement { audiences, expires, .. } = read(&token(payload));
            (audiences.join(" "), expires.map(|time| time.as_micros() / 1_000_000))
        };
        assert_eq!(said(&json!({ "aud": "a", "exp": 5 })), ("a".to_owned(), Some(5)));
        assert_eq!(said(&json!({ "aud": ["a", 1, "b"], "exp": 5.9 })), ("a b".to_owned(), Some(5)));
        assert_eq!(said(&json!({ "aud": 1, "exp": "soon" })), (String::new(), None));
        assert_eq!(said(&json!({ "exp": 1e300 })), (String::new(), Some(i64::MAX / 1_000_000)));
    }

    #[test]
    fn what_is_no_jwt_is_opaque() {
        let whole = token(&json!({ "roles": ["A"] }));
        let nested = format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode("[".repeat(10_000)));
        let long = token(&json!({ "roles": ["A".repeat(LONGEST)] }));
        for text in [
            "",
            "..",
            "opaque",
            "e30.e30",
            "e30.!.x",
            "e30.WzFd.x",
            &format!("{whole}.x.y"),
            &nested,
            &long,
            &token(&json!({ "roles": 5 })),
            &token(&json!({ "roles": [5] })),
        ] {
            assert_eq!(read(text), Statement::NOTHING, "{}", &text[..text.len().min(40)]);
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(text in "\\PC*", payload in prop::collection::vec(any::<u8>(), 0..64)) {
            read(&text);
            read(&format!("e30.{}.x", BASE64_URL_SAFE_NO_PAD.encode(payload)));
        }
    }
}

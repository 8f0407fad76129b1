//! Parses the `WWW-Authenticate` fields of a 401 ([RFC 9110, section 11.6.1]).
//!
//! This is our own parser because `http-auth`, the maintained one, does not support `token68`, so a
//! `Negotiate` before the `Bearer` would hide it. The fields come from the API or whatever answers in its
//! place: parsing of a field stops at the first error.
//!
//! [RFC 9110, section 11.6.1]: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1

use http::{HeaderMap, header};

/// The longest part of a field that is parsed, in bytes.
const LONGEST: usize = 32 << 10;

/// One challenge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// The scheme, in lower case.
    pub(super) scheme: String,
    /// The parameters in order, with names in lower case.
    pub(super) parameters: Vec<(String, String)>,
}

impl Challenge {
    /// Returns the value of a parameter. A name may occur only once; if it is repeated, the first counts.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(candidate, _)| candidate == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// The challenges of a reply, in order.
pub(super) fn challenges(headers: &HeaderMap) -> Vec<Challenge> {
    let fields = headers.get_all(header::WWW_AUTHENTICATE).iter();
    fields.flat_map(|value| parse(value.as_bytes())).collect()
}

fn parse(field: &[u8]) -> Vec<Challenge> {
    let mut reader = Reader(&field[..field.len().min(LONGEST)]);
    let mut challenges: Vec<Challenge> = Vec::new();
    loop {
        // A list may have empty elements.
        while reader.takes(b',') || reader.takes(b' ') || reader.takes(b'\t') {}
        let Some(word) = reader.token() else { return challenges };
        if let Some(value) = reader.assigned() {
            // Another parameter of the current challenge.
            let (Some(challenge), Some(value)) = (challenges.last_mut(), value) else { return challenges };
            challenge.parameters.push((word, value));
        } else {
            challenges.push(Challenge { scheme: word, parameters: Vec::new() });
            if !reader.spaces() {
                continue;
            }
            reader.token68();
        }
        // An element is followed by the end, by a comma, or, after a scheme, by its first parameter.
    }
}

/// The unread rest of a field.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// A token, in lower case: names and schemes are case-insensitive ([RFC 9110, section 5.6.2]).
    ///
    /// [RFC 9110, section 5.6.2]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2
    fn token(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| !is_token(*byte)).unwrap_or(self.0.len());
        let (token, rest) = self.0.split_at(end);
        self.0 = rest;
        (!token.is_empty()).then(|| String::from_utf8_lossy(token).to_ascii_lowercase())
    }

    /// Reads the value after an equals sign, which may have white space around it. Returns `Some(None)` if
    /// the value is invalid; reads nothing if there is no such sign.
    fn assigned(&mut self) -> Option<Option<String>> {
        let before = self.0;
        self.spaces();
        if !self.takes(b'=') {
            self.0 = before;
            return None;
        }
        self.spaces();
        Some(if self.0.first() == Some(&b'"') { self.quoted() } else { self.bare() })
    }

    /// A token as a value, with its case kept. Some servers omit the quotes around values that are not
    /// tokens, such as addresses: those are read up to a comma or white space.
    fn bare(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| matches!(byte, b',' | b' ' | b'\t' | b'"'));
        let (value, rest) = self.0.split_at(end.unwrap_or(self.0.len()));
        self.0 = rest;
        (!value.is_empty()).then(|| String::from_utf8_lossy(value).into_owned())
    }

    /// A quoted string ([RFC 9110, section 5.6.4]); `None` if it is not terminated.
    ///
    /// [RFC 9110, section 5.6.4]: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.4
    fn quoted(&mut self) -> Option<String> {
        let mut value = Vec::new();
        let mut bytes = self.0.iter().enumerate().skip(1);
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.0 = &self.0[at + 1..];
                    return Some(String::from_utf8_lossy(&value).into_owned());
                }
                b'\\' => value.push(*bytes.next()?.1),
                byte => value.push(*byte),
            }
        }
        None
    }

    /// Skips a `token68`, such as that of `Negotiate`. It must be followed by the end of the list or a comma;
    /// otherwise it is the name of a parameter.
    fn token68(&mut self) {
        let mut rest = self.0;
        let body = rest.iter().position(|byte| !is_token68(*byte)).unwrap_or(rest.len());
        rest = &rest[body..];
        let padding = rest.iter().position(|byte| *byte != b'=').unwrap_or(rest.len());
        rest = &rest[padding..];
        let blank = rest.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(rest.len());
        if body > 0 && matches!(rest.get(blank), None | Some(b',')) {
            self.0 = &rest[blank..];
        }
    }

    fn spaces(&mut self) -> bool {
        let before = self.0.len();
        while self.takes(b' ') || self.takes(b'\t') {}
        self.0.len() < before
    }

    fn takes(&mut self, byte: u8) -> bool {
        let taken = self.0.first() == Some(&byte);
        if taken {
            self.0 = &self.0[1..];
        }
        taken
    }
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

fn is_token68(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn challenge(scheme: &str, parameters: &[(&str, &str)]) -> Challenge {
        let parameters = parameters.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        Challenge { scheme: scheme.into(), parameters: parameters.collect() }
    }

    #[test]
    fn challenges_are_read() {
        for (field, expected) in [
            ("", vec![]),
            (" , ,", vec![]),
            ("Bearer", vec![challenge("bearer", &[])]),
            ("Bearer realm=\"\"", vec![challenge("bearer", &[("realm", "")])]),
            // RFC 9110, section 11.6.1.
            (
                "Basic realm=\"simple\", Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\"",
                vec![
                    challenge("basic", &[("realm", "simple")]),
                    challenge("newauth", &[("realm", "apps"), ("type", "1"), ("title", "Login to \"apps\"")]),
                ],
            ),
            (
                "Negotiate YII/+a==, NTLM, BEARER Error = \"a, b=\\\\c\" ,scope=x",
                vec![
                    challenge("negotiate", &[]),
                    challenge("ntlm", &[]),
                    challenge("bearer", &[("error", "a, b=\\c"), ("scope", "x")]),
                ],
            ),
            // A challenge from a Microsoft Entra policy, with some quotes left out.
            (
                "Bearer realm=\"\", authorization_uri=https://login.example/common/oauth2/authorize, \
                 error=\"insufficient_claims\", claims=\"eyJhIjoxfQ==\"",
                vec![challenge(
                    "bearer",
                    &[
                        ("realm", ""),
                        ("authorization_uri", "https://login.example/common/oauth2/authorize"),
                        ("error", "insufficient_claims"),
                        ("claims", "eyJhIjoxfQ=="),
                    ],
                )],
            ),
            ("Bearer claims=eyJhIjoxfQ==", vec![challenge("bearer", &[("claims", "eyJhIjoxfQ==")])]),
            // Parsing of a field stops at the first error.
            ("Bearer a=\"b\", c=\"open", vec![challenge("bearer", &[("a", "b")])]),
            ("Bearer a=\"b\", c=\"open\\", vec![challenge("bearer", &[("a", "b")])]),
            ("Bearer a=", vec![challenge("bearer", &[])]),
            ("a=b", vec![]),
            ("Bearer @", vec![challenge("bearer", &[])]),
        ] {
            assert_eq!(parse(field.as_bytes()), expected, "{field}");
        }
    }

    /// A challenge, and one way a server may write it.
    fn written() -> impl Strategy<Value = (Challenge, String)> {
        let name = "[a-zA-Z][a-zA-Z0-9_-]{0,8}";
        let parameters = proptest::collection::vec((name, "[ -~\u{a0}-\u{ff}\t]{0,20}"), 0..4);
        (name, parameters).prop_map(|(scheme, parameters)| {
            let quoted = parameters.iter().map(|(name, value)| {
                format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
            });
            let text = format!("{scheme} {}", quoted.collect::<Vec<_>>().join(" , "));
            let parameters = parameters.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value));
            (Challenge { scheme: scheme.to_ascii_lowercase(), parameters: parameters.collect() }, text)
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(all in proptest::collection::vec(written(), 0..4)) {
            let field = all.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>().join(", ");
            let expected: Vec<Challenge> = all.into_iter().map(|(challenge, _)| challenge).collect();
            prop_assert_eq!(parse(field.as_bytes()), expected);
        }

        #[test]
        fn nothing_panics_or_hangs(field: Vec<u8>, text in "[a-c=\", \\\\\t@/]{0,40}") {
            prop_assert!(parse(&field).len() <= field.len());
            prop_assert!(parse(text.as_bytes()).len() <= text.len());
        }
    }
}

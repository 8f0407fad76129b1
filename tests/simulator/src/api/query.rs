//! A request's query: decoded once and checked against the operation's options. Clients in the field also
//! send parameters of their own, such as `pageSize`, which are ignored.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::server::refusal::Refusal;

/// Names and values in order of arrival. Each name appears at most once and is known to the operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a raw query. A plus sign and `%20` both mean a space.
    pub(crate) fn parse(raw: Option<&str>, known: &[&str]) -> Result<Self, Refusal> {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for pair in raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (name, value) = (decoded(name)?, decoded(value)?);
            if !known.contains(&name.as_str()) {
                if is_ignored(&name, known) {
                    continue;
                }
                return Err(unknown(&name));
            }
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(Refusal::OData(format!("Query option '{name}' was specified more than once.")));
            }
            pairs.push((name, value));
        }
        Ok(Self(pairs))
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(candidate, _)| *candidate == name).map(|(_, value)| value)
    }

    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The names in an undecoded query that are ignored.
pub(crate) fn ignored(raw: Option<&str>, known: &[&str]) -> Vec<String> {
    let names = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let names = names.filter_map(|pair| decoded(pair.split_once('=').map_or(pair, |(name, _)| name)).ok());
    names.filter(|name| !known.contains(&name.as_str()) && is_ignored(name, known)).collect()
}

/// Whether a name that the operation does not know is ignored: it is neither an OData option nor a known name
/// in a different letter case.
fn is_ignored(name: &str, known: &[&str]) -> bool {
    !name.starts_with('$') && !known.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Decodes percent-encoding. Refuses malformed sequences and anything that is not UTF-8.
pub(crate) fn percent_decoded(text: &str) -> Result<String, Refusal> {
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('%') {
        if !after.as_bytes().get(..2).is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
            return Err(Refusal::BadRequest(format!("'{text}' is not percent-encoded correctly")));
        }
        rest = after;
    }
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(Cow::into_owned).map_err(|_| Refusal::BadRequest(format!("'{text}' is not UTF-8")))
}

fn decoded(text: &str) -> Result<String, Refusal> {
    percent_decoded(&text.replace('+', " "))
}

fn unknown(name: &str) -> Refusal {
    if name.starts_with('$') {
        Refusal::OData(format!("The query parameter '{name}' is not supported."))
    } else {
        Refusal::BadRequest(format!("The query parameter '{name}' is not supported."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn plus_and_percent_20_are_spaces() {
        let query = Query::parse(Some("$filter=a+eq%20'x%2By'&$top=1"), &["$filter", "$top"]).unwrap();
        assert_eq!(query.value("$filter"), Some("a eq 'x+y'"));
        assert_eq!(query.value("$top"), Some("1"));
    }

    #[test]
    fn refuses_the_unknown_the_repeated_and_the_broken() {
        for raw in ["$x=1", "$Top=1", "$top=1&$top=2", "$top=%2", "$top=%ff", "%24to=1", "LookBackHours=1"] {
            assert!(Query::parse(Some(raw), &["$top", "lookBackHours"]).is_err(), "{raw}");
        }
        let raw = Some("pageSize=5&top=3&$top=1");
        assert_eq!(Query::parse(raw, &["$top"]).unwrap(), Query(vec![("$top".to_owned(), "1".to_owned())]));
        assert_eq!(ignored(raw, &["$top"]), ["pageSize", "top"]);
    }

    proptest! {
        #[test]
        fn junk_never_panics(raw in "\\PC{0,40}") {
            let _ = Query::parse(Some(&raw), &["$top"]);
        }
    }
}

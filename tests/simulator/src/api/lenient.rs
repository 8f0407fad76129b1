//! Deviations from the API's documentation that are accepted, because clients in the field make them and the
//! service is, or may be, lenient there. The log records them.

use http::request::Parts;

use super::{Target, body, query};
use crate::odata;

/// Describes the deviations that were accepted in a request.
pub(crate) fn notes(target: &Target, parts: &Parts, body: &[u8]) -> Vec<String> {
    let Target::Operation(spec, _) = target else {
        return Vec::new();
    };
    let mut notes = Vec::new();
    if parts.uri.path().ends_with('/') {
        notes.push("the slash at the end of the path".to_owned());
    }
    let ignored = query::ignored(parts.uri.query(), spec.query);
    notes.extend(ignored.into_iter().map(|name| format!("the query parameter `{name}`, which is ignored")));
    if let Ok(query) = query::Query::parse(parts.uri.query(), spec.query)
        && let Some(filter) = query.value("$filter")
        && odata::meant(filter) != filter
    {
        notes.push("plus signs for spaces in `$filter`".to_owned());
    }
    let undocumented = body::undocumented(body).into_iter();
    notes.extend(undocumented.map(|name| format!("the member `{name}`, which is undocumented")));
    notes
}

//! Reads request bodies as strictly as the API does: exact key case, no unknown keys, no other types.

use http::HeaderValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::server::refusal::Refusal;

/// Reads the body as `T`, whose definition says what is allowed.
pub(crate) fn read<T: DeserializeOwned>(
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<T, Refusal> {
    if !content_type.is_some_and(is_json) {
        return Err(Refusal::Body);
    }
    serde_json::from_slice(body).map_err(|_| Refusal::Body)
}

/// Reads an optional key, which may be absent but not `null`.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Members of a machine action's request that the service's metadata lists but its documentation does not.
/// All may be null.
pub(crate) const UNDOCUMENTED: [&str; 3] = ["Title", "ExternalId", "RequestSource"];

/// The undocumented members of a body.
pub(crate) fn undocumented(body: &[u8]) -> Vec<&'static str> {
    let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
        return Vec::new();
    };
    UNDOCUMENTED.into_iter().filter(|name| members.contains_key(*name)).collect()
}

/// The body without its undocumented members, provided that they are text or null.
fn documented(body: &[u8]) -> Result<Value, Refusal> {
    let mut members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| Refusal::Body)?;
    for name in UNDOCUMENTED {
        if members.get(name).is_some_and(|value| value.is_string() || value.is_null()) {
            members.remove(name);
        }
    }
    Ok(Value::Object(members))
}

/// Like [`read`], for the request of a machine action.
pub(crate) fn read_action<T: DeserializeOwned>(
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<T, Refusal> {
    if !content_type.is_some_and(is_json) {
        return Err(Refusal::Body);
    }
    serde_json::from_value(documented(body)?).map_err(|_| Refusal::Body)
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

//! Reads request bodies as strictly as the API does: exact key case, no unknown keys, no other types.

use http::HeaderValue;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};

use crate::server::refusal::Refusal;

/// The body as `T`, whose own definition says what is allowed.
pub(crate) fn read<T: DeserializeOwned>(
    content_type: Option<&HeaderValue>,
    body: &[u8],
) -> Result<T, Refusal> {
    if !content_type.is_some_and(is_json) {
        return Err(Refusal::Body);
    }
    serde_json::from_slice(body).map_err(|_| Refusal::Body)
}

/// For optional keys: absent is absent, but `null` is no value.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn is_json(value: &HeaderValue) -> bool {
    let text = value.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default();
    essence.trim().eq_ignore_ascii_case("application/json")
}

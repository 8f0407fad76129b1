//! The simulator's answers, before they become bytes on a connection.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// A complete answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
const ODATA_JSON: HeaderValue = HeaderValue::from_static("application/json; odata.metadata=minimal");
const ODATA_VERSION: HeaderName = HeaderName::from_static("odata-version");
const ODATA_4: HeaderValue = HeaderValue::from_static("4.0");

impl Reply {
    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer of plain JSON.
    pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Self {
        Self::typed(status, JSON, to_json(value).into())
    }

    /// A JSON answer of one of the API's OData resources.
    pub(crate) fn odata(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self::typed(status, ODATA_JSON, body.into()).with(ODATA_VERSION, ODATA_4)
    }

    /// An answer with bytes of this content type.
    pub(crate) fn typed(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Self {
        Self::empty(status).with(CONTENT_TYPE, content_type).holding(body)
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    fn holding(mut self, body: Bytes) -> Self {
        self.body = body;
        self
    }
}

/// Serialises a value as JSON. Our own types always serialise; if one does not, the client gets `null`.
pub(crate) fn to_json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_else(|_| b"null".to_vec())
}

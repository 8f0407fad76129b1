//! The ways in which an answer can go wrong.

use serde::{Deserialize, Serialize};

/// A way in which an answer goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// Answers with another status. Without a body, sends the API's error envelope with a matching code.
    Status {
        /// The status code.
        status: u16,
        /// The body, sent unchanged.
        #[serde(default)]
        body: Option<String>,
        /// The body's content type. JSON if not given.
        #[serde(default)]
        content_type: Option<String>,
        /// The `Retry-After` header, sent unchanged.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// Delays the answer.
    Latency {
        /// The delay in milliseconds of real time.
        milliseconds: u64,
    },
    /// Closes the connection without an answer.
    Drop,
    /// Sends a valid HTTP answer whose JSON ends in the middle.
    TruncatedJson,
    /// Announces the whole length, but closes the connection in the middle of the answer.
    CutOff,
    /// Sends an error page instead of JSON.
    Html {
        /// The status code.
        status: u16,
    },
    /// Answers 204 without a body.
    NoContent,
    /// Puts a byte order mark before the JSON.
    ByteOrderMark,
    /// Sends deeply nested arrays instead of the answer.
    DeepJson {
        /// The number of nested arrays.
        depth: usize,
    },
    /// Appends white space to the JSON until the body has this size.
    Padded {
        /// The size of the whole body in bytes.
        bytes: usize,
    },
    /// Sends this `Content-Length` header, and then the body.
    ContentLength {
        /// The header's value, sent unchanged.
        value: String,
    },
    /// Sends the body a few bytes at a time.
    Drip {
        /// The bytes per piece.
        bytes: usize,
        /// The pause between pieces, in milliseconds.
        milliseconds: u64,
    },
    /// Redirects the client.
    Redirect {
        /// The address to which the client is redirected.
        location: String,
        /// The status. 307 if not given.
        #[serde(default)]
        status: Option<u16>,
    },
    /// Adds a response header whose value is not UTF-8.
    NonUtf8Header,
    /// Adds response headers; names may repeat. Without any, adds a few repeated ones.
    Headers {
        /// The names and values of the headers.
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// Sends the right answer with another content type.
    ContentType {
        /// The content type.
        value: String,
    },
    /// Answers 401: the tenant's licence has expired, and no token will help.
    AccountInactive,
    /// Answers 401: there is no vulnerability management licence.
    NoTvmLicense,
    /// Answers 500 with an empty message.
    InternalError,
    /// Answers 503, with a `Retry-After` header if given.
    Unavailable {
        /// The `Retry-After` header, sent unchanged.
        #[serde(default)]
        retry_after: Option<String>,
    },
}

impl Effect {
    /// Whether the effect alters a real answer, and so needs one.
    pub(super) fn needs_answer(&self) -> bool {
        matches!(
            self,
            Self::TruncatedJson
                | Self::CutOff
                | Self::ByteOrderMark
                | Self::Padded { .. }
                | Self::ContentLength { .. }
                | Self::Drip { .. }
                | Self::NonUtf8Header
                | Self::Headers { .. }
                | Self::ContentType { .. }
        )
    }
}

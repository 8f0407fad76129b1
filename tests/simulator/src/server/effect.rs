//! The ways in which an answer can go wrong.

use serde::{Deserialize, Serialize};

/// The ways in which an answer can go wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Effect {
    /// Another status; without a body, the API's envelope with a code that fits.
    Status {
        /// The status code.
        status: u16,
        /// The body, sent as it is.
        #[serde(default)]
        body: Option<String>,
        /// The body's content type; JSON unless given.
        #[serde(default)]
        content_type: Option<String>,
        /// A `Retry-After` header, sent as it is.
        #[serde(default)]
        retry_after: Option<String>,
    },
    /// The answer comes late, by real time.
    Latency {
        /// The delay.
        milliseconds: u64,
    },
    /// The connection closes without an answer.
    Drop,
    /// A valid HTTP answer whose JSON ends in the middle.
    TruncatedJson,
    /// An answer that promises its whole length and closes in the middle.
    CutOff,
    /// An error page instead of JSON.
    Html {
        /// The status code.
        status: u16,
    },
    /// 204 without a body.
    NoContent,
    /// A byte order mark before the JSON.
    ByteOrderMark,
    /// Arrays nested this deep instead of the answer.
    DeepJson {
        /// How many.
        depth: usize,
    },
    /// White space after the JSON until the answer has this size.
    Padded {
        /// Size of the whole body in bytes.
        bytes: usize,
    },
    /// A `Content-Length` header of our own choice, then the body.
    ContentLength {
        /// The header's value, sent as it is.
        value: String,
    },
    /// The body a few bytes at a time.
    Drip {
        /// Bytes per piece.
        bytes: usize,
        /// Pause between pieces.
        milliseconds: u64,
    },
    /// A redirect.
    Redirect {
        /// Where to.
        location: String,
        /// 307 unless given.
        #[serde(default)]
        status: Option<u16>,
    },
    /// A response header whose value is not UTF-8.
    NonUtf8Header,
    /// Further response headers; names may repeat. Without any, a few repeated ones.
    Headers {
        /// Names and values.
        #[serde(default)]
        headers: Vec<(String, String)>,
    },
    /// The right answer under another content type.
    ContentType {
        /// The header's value.
        value: String,
    },
    /// 401: the tenant's licence has lapsed, and no token will help.
    AccountInactive,
    /// 401: no vulnerability management licence.
    NoTvmLicense,
    /// 500 with an empty message.
    InternalError,
    /// 503, with a time to come back if given.
    Unavailable {
        /// The `Retry-After` header, sent as it is.
        #[serde(default)]
        retry_after: Option<String>,
    },
}

impl Effect {
    /// Whether it spoils a real answer, so that one is needed.
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

//! Whether a 401 is about the token's age, so that another token may help.

use http::{HeaderMap, header};

/// How much of a 401's body is looked at, in bytes.
pub(super) const PEEK: usize = 16 << 10;

/// Phrases of 401s that are about the account and not about the token: a new token would be refused as well.
const ACCOUNT: [&str; 5] = ["license", "licence", "account mode", "subscription", "inactive"];
/// Phrases of 401s that are about the token's age.
const AGE: [&str; 4] = ["expired", "invalid_token", "invalidauthenticationtoken", "token is not valid"];

/// Whether the reply asks for another token: by its challenge ([RFC 6750, section 3.1]), or else by its words.
///
/// [RFC 6750, section 3.1]: https://www.rfc-editor.org/rfc/rfc6750#section-3.1
pub(super) fn may_help(headers: &HeaderMap, body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body).to_ascii_lowercase();
    if ACCOUNT.iter().any(|phrase| body.contains(phrase)) {
        return false;
    }
    let challenges = headers.get_all(header::WWW_AUTHENTICATE).iter();
    let challenges: String =
        challenges.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase()).collect();
    AGE.iter().any(|phrase| challenges.contains(phrase) || body.contains(phrase))
}

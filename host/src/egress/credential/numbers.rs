//! Numbers written as strings: `"expires_in":"3599"`, as AD FS and the first version of Microsoft Entra's
//! endpoints write them. The standard ([RFC 6749, section 5.1]) requires numbers, and so does the library
//! that reads the replies.
//!
//! [RFC 6749, section 5.1]: https://www.rfc-editor.org/rfc/rfc6749#section-5.1

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroize as _;
use serde_json::value::RawValue;

/// The members that hold a number of seconds. `interval` occurs in replies with a code for a person
/// ([RFC 8628, section 3.2]).
///
/// [RFC 8628, section 3.2]: https://www.rfc-editor.org/rfc/rfc8628#section-3.2
const SECONDS: [&str; 2] = ["expires_in", "interval"];

/// Returns the reply with strings of digits replaced by numbers; any other reply is returned unchanged.
pub(super) fn unquoted(mut reply: Vec<u8>) -> Vec<u8> {
    let Some(changed) = change(&reply) else { return reply };
    // The old text may hold a token.
    reply.zeroize();
    changed
}

/// Returns the changed reply, if there is something to change.
fn change(reply: &[u8]) -> Option<Vec<u8>> {
    let members: BTreeMap<&str, &RawValue> = serde_json::from_slice(reply).ok()?;
    let digits = |name: &&str| {
        let text: &str = serde_json::from_str(members.get(name)?.get()).ok()?;
        let number: u64 = text.parse().ok()?;
        RawValue::from_string(number.to_string()).ok()
    };
    let numbers: Vec<(&str, Box<RawValue>)> =
        SECONDS.iter().filter_map(|name| Some((*name, digits(name)?))).collect();
    if numbers.is_empty() {
        return None;
    }
    let mut members = members;
    members.extend(numbers.iter().map(|(name, number)| (*name, &**number)));
    // Reserve room for all of it: memory that a growing vector leaves behind is not wiped.
    let mut changed = Vec::with_capacity(reply.len());
    serde_json::to_writer(&mut changed, &members).ok()?;
    Some(changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(reply: &str) -> String {
        String::from_utf8(unquoted(reply.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn seconds_in_quotation_marks_are_numbers() {
        let reply = r#"{"access_token":"a\"b","expires_in":"3599","interval":"5","token_type":"Bearer"}"#;
        let read = r#"{"access_token":"a\"b","expires_in":3599,"interval":5,"token_type":"Bearer"}"#;
        assert_eq!(of(reply), read);
    }

    #[test]
    fn what_is_no_text_of_digits_stays_as_it_is() {
        for reply in [
            "",
            "{",
            "[]",
            "<html>",
            r#"{"expires_in": 3599}"#,
            r#"{"expires_in":"soon"}"#,
            r#"{"expires_in":"-1"}"#,
            r#"{"expires_in":"36.5"}"#,
            r#"{"expires_in":null,"interval":["5"]}"#,
            r#"{"expires_on":"3599"}"#,
        ] {
            assert_eq!(of(reply), reply);
        }
    }
}

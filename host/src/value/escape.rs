//! Text as JSON strings. Most text from an API needs no escapes, so many bytes are checked at a time.

/// How many bytes are checked together: enough for the widest common registers.
const TOGETHER: usize = 32;

/// Whether the bytes are ASCII that can stand in a JSON string unchanged.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let mut chunks = bytes.chunks_exact(TOGETHER);
    // Without an early exit inside a chunk, the compiler can compare the whole chunk at once.
    let plain =
        |chunk: &[u8]| !chunk.iter().fold(false, |found, byte| found | is_special(*byte) | !byte.is_ascii());
    chunks.by_ref().all(plain) && plain(chunks.remainder())
}

/// Writes text as a JSON string, quotes included.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    out.reserve(rest.len() + 2);
    out.push(b'"');
    while !rest.is_empty() {
        let clean = clean_prefix(rest);
        let (plain, special) = rest.split_at(clean);
        out.extend_from_slice(plain);
        let Some((byte, after)) = special.split_first() else { break };
        escape(*byte, out);
        rest = after;
    }
    out.push(b'"');
}

/// Returns how many bytes at the beginning need no escape.
fn clean_prefix(bytes: &[u8]) -> usize {
    let clean = |chunk: &&[u8]| !chunk.iter().fold(false, |found, byte| found | is_special(*byte));
    let whole = bytes.chunks_exact(TOGETHER).take_while(clean).count() * TOGETHER;
    let rest = &bytes[whole..];
    whole + rest.iter().position(|byte| is_special(*byte)).unwrap_or(rest.len())
}

const fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

fn escape(byte: u8, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = match byte {
        b'"' | b'\\' => byte,
        b'\n' => b'n',
        b'\r' => b'r',
        b'\t' => b't',
        0x08 => b'b',
        0x0c => b'f',
        _ => {
            out.extend_from_slice(b"\\u00");
            out.extend_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_plain, write};

    proptest! {
        #[test]
        fn text_is_written_as_by_serde(text in ".*|[ -~]{20,80}|[\\x00-\\x7f]{0,70}") {
            let mut written = Vec::new();
            write(&text, &mut written);
            let expected = serde_json::to_string(&text).expect("text is JSON");
            prop_assert_eq!(written, expected.as_bytes());
            let unchanged = text.is_ascii() && expected.len() == text.len() + 2;
            prop_assert_eq!(is_plain(text.as_bytes()), unchanged);
        }
    }
}

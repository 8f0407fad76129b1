//! A writer that keeps back anything that could drive a terminal.

use std::io::{self, Write};

use super::printable::with_lines;

/// Writes UTF-8 text to another writer. Line breaks and tabs pass; see [`super::printable()`] for what is
/// escaped. Bytes that are not UTF-8 are shown as replacement characters.
pub(super) struct Guarded<W> {
    inner: W,
    /// The beginning of a character whose remaining bytes have not arrived yet.
    begun: Vec<u8>,
}

impl<W: Write> Guarded<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, begun: Vec::new() }
    }
}

impl<W: Write> Write for Guarded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = [&self.begun[..], bytes].concat();
        let mut safe = String::with_capacity(text.len());
        let mut begun = Vec::new();
        for chunk in text.utf8_chunks() {
            safe.push_str(&with_lines(chunk.valid()));
            match chunk.invalid() {
                [] => {}
                // Only the last character may be incomplete.
                rest if text.ends_with(rest) && is_beginning(rest) => begun = rest.to_vec(),
                _ => safe.push(char::REPLACEMENT_CHARACTER),
            }
        }
        self.inner.write_all(safe.as_bytes())?;
        self.begun = begun;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Whether the bytes are the beginning of a character.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_comes_in_pieces_is_one() {
        for text in ["a\u{9b}2Jb", "端\u{202e}末\u{1f680}", "\u{1b}\n"] {
            let mut whole = Guarded::new(Vec::new());
            whole.write_all(text.as_bytes()).unwrap();
            let mut pieces = Guarded::new(Vec::new());
            for byte in text.bytes() {
                pieces.write_all(&[byte]).unwrap();
            }
            assert_eq!(whole.inner, pieces.inner);
            assert_eq!(String::from_utf8(whole.inner).unwrap(), with_lines(text));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let mut writer = Guarded::new(Vec::new());
        writer.write_all(b"a\x9b2J\xe7\xabb").unwrap();
        assert_eq!(String::from_utf8(writer.inner).unwrap(), "a\u{fffd}2J\u{fffd}b");
    }
}

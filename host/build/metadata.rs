//! Metadata in a component file, for registries and tools such as `wasm-tools metadata show`: custom sections
//! at the end of the file, as `wasm-metadata` reads them.

use std::path::Path;
use std::{fs, io};

/// The fields, by section. Empty ones are left out.
pub(crate) struct Metadata<'a> {
    /// The component's name.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// The licences, an SPDX expression.
    pub(crate) licenses: &'a str,
    /// A description in one line.
    pub(crate) description: &'a str,
    /// The URL of its source code.
    pub(crate) source: &'a str,
}

impl Metadata<'_> {
    /// Adds the fields to the file, which keeps its modification time: cargo must not take it for a new one.
    ///
    /// # Errors
    /// The file cannot be read or replaced.
    pub(crate) fn add_to(&self, file: &Path) -> io::Result<()> {
        let modified = file.metadata()?.modified()?;
        let component =
            self.added(&fs::read(file)?).ok_or_else(|| io::Error::other("it is not a component"))?;
        // Not in place: cargo has a second link to the file, and builds on that.
        let whole = file.with_extension("whole");
        fs::write(&whole, component)?;
        fs::File::options().write(true).open(&whole)?.set_modified(modified)?;
        fs::rename(whole, file)
    }

    /// Returns the component with these fields in place of its old ones. It already has names for its parts.
    fn added(&self, component: &[u8]) -> Option<Vec<u8>> {
        let texts = [
            ("version", self.version),
            ("licenses", self.licenses),
            ("description", self.description),
            ("source", self.source),
        ];
        let (header, mut rest) = component.split_at_checked(8)?;
        let (mut whole, mut names) = (header.to_vec(), [].as_slice());
        while let [id, after @ ..] = rest {
            let (section, next) = split_sized(after)?;
            match split_sized(section).filter(|_| *id == 0) {
                Some((name, content)) if name == NAMES.as_bytes() => names = content,
                Some((name, _)) if texts.iter().any(|(text, _)| name == text.as_bytes()) => {}
                _ => whole.extend_from_slice(rest.get(..rest.len() - next.len())?),
            }
            rest = next;
        }
        // The component's own name is subsection 0, and comes first.
        if let [0, after @ ..] = names {
            (_, names) = split_sized(after)?;
        }
        let own = sized(&sized(self.name.as_bytes()));
        whole.extend(custom(NAMES, &[&[0], own.as_slice(), names].concat()));
        for (section, text) in texts.iter().filter(|(_, text)| !text.is_empty()) {
            whole.extend(custom(section, text.as_bytes()));
        }
        Some(whole)
    }
}

/// The name section:
/// <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#name-section>.
const NAMES: &str = "component-name";

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let body = [&sized(name.as_bytes()), content].concat();
    [&[0], sized(&body).as_slice()].concat()
}

/// Splits off the bytes that follow a length in LEB128; returns them and the rest.
fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end + 1)?;
    let size = number
        .iter()
        .rev()
        .try_fold(0_usize, |size, byte| size.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7f)))?;
    rest.split_at_checked(size)
}

/// Returns the bytes after their length in LEB128.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut number = Vec::new();
    let mut rest = bytes.len();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap_or_default();
        rest >>= 7;
        number.push(if rest == 0 { low } else { low | 0x80 });
        if rest == 0 {
            return [number.as_slice(), bytes].concat();
        }
    }
}

//! What a component's file says of itself for tools such as `wasm-tools metadata show` and registries: custom sections
//! at the end of the file, as `wasm-metadata` reads them.

use std::path::Path;
use std::{fs, io};

/// The fields, by section. An empty one is left out.
pub(crate) struct Metadata<'a> {
    /// What the component is called.
    pub(crate) name: &'a str,
    /// Its version.
    pub(crate) version: &'a str,
    /// The licences, an SPDX expression.
    pub(crate) licenses: &'a str,
    /// What it is, in a line.
    pub(crate) description: &'a str,
    /// Where its source is, a URL.
    pub(crate) source: &'a str,
}

impl Metadata<'_> {
    /// Adds the fields to the file, which keeps the time of its change: cargo must not take it for a new one.
    ///
    /// # Errors
    /// The file cannot be read or replaced.
    pub(crate) fn add_to(&self, file: &Path) -> io::Result<()> {
        let modified = file.metadata()?.modified()?;
        let component =
            self.added(&fs::read(file)?).ok_or_else(|| io::Error::other("it is not a component"))?;
        // Not in place: cargo has the file under a second name, and goes on from that.
        let whole = file.with_extension("whole");
        fs::write(&whole, component)?;
        fs::File::options().write(true).open(&whole)?.set_modified(modified)?;
        fs::rename(whole, file)
    }

    /// The component with the fields, in place of those that it had. It has names of its parts already.
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
        // The component's own name is subsection 0, and the first.
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

/// The section of names: <https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md#name-section>.
const NAMES: &str = "component-name";

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let body = [&sized(name.as_bytes()), content].concat();
    [&[0], sized(&body).as_slice()].concat()
}

/// The bytes whose number stands before them, in LEB128, and what follows.
fn split_sized(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| byte & 0x80 == 0)?;
    let (number, rest) = bytes.split_at_checked(end + 1)?;
    let size = number
        .iter()
        .rev()
        .try_fold(0_usize, |size, byte| size.checked_mul(0x80)?.checked_add(usize::from(byte & 0x7f)))?;
    rest.split_at_checked(size)
}

/// Bytes after their number, in LEB128.
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

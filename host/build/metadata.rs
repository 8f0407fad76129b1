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
        let mut component = fs::read(file)?;
        component.extend(self.sections());
        // Not in place: cargo has the file under a second name, and goes on from that.
        let whole = file.with_extension("whole");
        fs::write(&whole, component)?;
        fs::File::options().write(true).open(&whole)?.set_modified(modified)?;
        fs::rename(whole, file)
    }

    fn sections(&self) -> Vec<u8> {
        // The name is in a subsection, number 0: https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md
        let name = [&[0], sized(&sized(self.name.as_bytes())).as_slice()].concat();
        let plain = [
            ("version", self.version),
            ("licenses", self.licenses),
            ("description", self.description),
            ("source", self.source),
        ];
        let plain = plain.iter().filter(|(_, text)| !text.is_empty());
        let sections = plain.map(|(section, text)| custom(section, text.as_bytes()));
        sections.fold(custom("component-name", &name), |all, section| [all, section].concat())
    }
}

fn custom(name: &str, content: &[u8]) -> Vec<u8> {
    let body = [&sized(name.as_bytes()), content].concat();
    [&[0], sized(&body).as_slice()].concat()
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

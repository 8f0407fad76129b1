//! The connector's self-description, generated from the WIT.

use crate::Connector;
use crate::bindings::exports::workflow::connector::connector_manifest::Guest;
use crate::failure::{Failure, problem};
use crate::prelude::*;

/// The connector's manifest as JSON text: its actions, triggers, types, clouds and limits.
pub const MANIFEST: &str = include_str!(concat!(env!("OUT_DIR"), "/manifest.json"));

/// The compressed manifest, a quarter of the size, which the program holds.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/manifest.json.lz4"));

impl Guest for Connector {
    fn describe() -> Result<String, Failure> {
        let unpacked = lz4_flex::block::decompress(PACKED, MANIFEST.len()).ok();
        let manifest = unpacked.and_then(|bytes| String::from_utf8(bytes).ok());
        manifest.ok_or_else(|| Failure::PermanentUnexpectedReply(problem("the manifest is damaged")))
    }
}

/// Custom sections, which engines and tools can read without running the component.
///
/// The statics are not `#[used]`, since that would put another copy of each into the program's memory.
#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "a section of a name of its own, of plain bytes, disturbs nothing")]
pub mod sections {
    /// The manifest.
    #[unsafe(link_section = "connector-manifest")]
    pub static MANIFEST: [u8; super::MANIFEST.len()] =
        *include_bytes!(concat!(env!("OUT_DIR"), "/manifest.json"));

    const DOCS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/package-docs"));

    /// The world's documentation, which `wasm-tools component wit` shows.
    #[unsafe(link_section = "package-docs")]
    pub static PACKAGE_DOCS: [u8; DOCS.len()] = *include_bytes!(concat!(env!("OUT_DIR"), "/package-docs"));
}

#[cfg(test)]
mod tests {
    use super::{Connector, Guest, MANIFEST};

    #[test]
    fn the_component_describes_itself() {
        assert_eq!(Connector::describe().as_deref(), Ok(MANIFEST));
    }
}

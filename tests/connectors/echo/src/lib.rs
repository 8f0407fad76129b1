//! The smallest connector. Its one action shows that the host depends on no particular connector, its values
//! of every type show that the host handles them all, and its triggers can be recognised only by their shape.

#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, reason = "generated")]
mod bindings {
    wit_bindgen::generate!({ path: ["../../../wit/connector", "wit"], world: "example:echo/echo-connector" });
}

mod http;

use bindings::exports::example::echo::echo::Guest as Echo;
use bindings::exports::example::echo::news::{Batch, Guest as News, Item, Notification};
use bindings::exports::example::echo::shapes::{Everything, Figure, Guest as Shapes, Rights, Size};
use bindings::exports::exports::Guest as Additional;
use bindings::exports::workflow::connector::connector_manifest::Guest as Manifest;
use bindings::exports::workflow::connector::connector_types::{Failure, Problem};

const MANIFEST: &str = include_str!("manifest.json");

#[cfg(target_family = "wasm")]
#[allow(
    unsafe_code,
    reason = "a custom section is how an engine reads the manifest without running anything"
)]
#[used]
#[unsafe(link_section = "connector-manifest")]
static SECTION: [u8; MANIFEST.len()] = {
    let mut bytes = [0; MANIFEST.len()];
    let mut index = 0;
    while index < bytes.len() {
        bytes[index] = MANIFEST.as_bytes()[index];
        index += 1;
    }
    bytes
};

struct Connector;

impl Manifest for Connector {
    fn describe() -> Result<String, Failure> {
        Ok(MANIFEST.to_owned())
    }
}

impl Additional for Connector {
    fn init(application: String) -> Result<(), String> {
        Err(application)
    }
}

impl Echo for Connector {
    fn fetch(path: String) -> Result<String, Failure> {
        let origin = std::env::var("ECHO_URL").unwrap_or_default();
        http::get(&origin, &path, &[]).map_err(|message| {
            Failure::Unavailable(Problem { message, code: None, target: None, status: None })
        })
    }
}

impl News for Connector {
    fn poll_news(checkpoint: Option<String>) -> Result<Batch, Failure> {
        let seen: usize = checkpoint.and_then(|seen| seen.parse().ok()).unwrap_or(0);
        let said = Self::fetch("/news".to_owned())?;
        let lines = said.lines().skip(seen).take(2);
        let item = |line: &str| Item { id: line.to_owned(), data: line.to_uppercase() };
        let events: Vec<Item> = lines.map(item).collect();
        let seen = seen + events.len();
        Ok(Batch { events, checkpoint: seen.to_string(), more: seen < said.lines().count() })
    }

    fn poll_opinions(_: String) -> Result<Batch, Failure> {
        Ok(Batch { events: Vec::new(), checkpoint: String::new(), more: false })
    }

    fn parse_news_notification(body: String) -> Result<Vec<Notification>, Failure> {
        let words = body.trim_matches('"').split(' ');
        Ok(words.map(|word| Notification { id: word.to_owned() }).collect())
    }
}

impl Shapes for Connector {
    fn echo_in_memory(everything: Everything, again: Option<Everything>) -> Result<Everything, Failure> {
        Ok(again.unwrap_or(everything))
    }

    fn echo_flat(
        truth: bool,
        tiny: i8,
        letter: char,
        single: f32,
        figure: Option<Figure>,
        text: String,
        rights: Rights,
        long: i64,
        sizes: Vec<Size>,
    ) -> Result<(bool, i8, char, f32, Option<Figure>, String, Rights, i64, Vec<Size>), Failure> {
        Ok((truth, tiny, letter, single, figure, text, rights, long, sizes))
    }

    fn nothing() -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code, reason = "generated")]
mod export {
    use crate::{Connector, bindings};

    bindings::export!(Connector with_types_in bindings);
}

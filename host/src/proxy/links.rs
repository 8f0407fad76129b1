//! Rewrites links to a next page, which point to the API, so that they point to the address of the proxy.
//!
//! The manifest names the keys under which links appear, and the hosts that the API uses for itself. Since a
//! reply may be large, links are found while it streams: a key in quotes, a colon and a string. In JSON, an
//! unescaped quote, a key and another quote in a row cannot be anything else.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame};
use memchr::memmem;

use crate::egress::destination::{Host, Origin, Scheme};
use crate::egress::{EgressError, ReplyBody};
use crate::manifest::{Hosts, Manifest};

/// The maximum length of a string that is treated as a link, in bytes.
const LONGEST: usize = 64 << 10;

/// Which strings are links to a next page, and where they lead.
#[derive(Debug)]
pub(super) struct Links {
    keys: Arc<[String]>,
    api: Api,
}

/// The origins of links to the API: the connection's own address of the API, and those that the manifest
/// names.
#[derive(Debug, Clone)]
struct Api {
    origin: Origin,
    hosts: Hosts,
}

impl Api {
    fn is_at(&self, origin: &Origin) -> bool {
        let is_usual = origin.scheme() == Scheme::Https && origin.port() == Scheme::Https.default_port();
        let is_named = matches!(origin.host(), Host::Name(name) if self.hosts.contain(name));
        *origin == self.origin || is_usual && is_named
    }
}

impl Links {
    pub(super) fn new(manifest: &Manifest, origin: Origin) -> Self {
        let actions = manifest.actions.iter().chain(manifest.trigger_functions());
        let keys = actions.filter_map(|action| {
            let paging = action.paging.as_ref()?;
            let fields = manifest.record(&action.returns.type_name)?;
            let key = &fields.iter().find(|field| field.name == paging.next)?.key;
            // The key as it appears in a reply, in quotes.
            serde_json::to_string(key).ok()
        });
        let keys: BTreeSet<String> = keys.collect();
        let api = Api { origin, hosts: manifest.hosts.clone() };
        Self { keys: keys.into_iter().collect(), api }
    }

    /// Returns a rewriter that makes links lead to `base` instead of the API.
    pub(super) fn rewriter(&self, base: String) -> Rewriter {
        Rewriter { keys: self.keys.clone(), api: self.api.clone(), base, held: Vec::new(), before: 0 }
    }
}

/// The state of rewriting a reply.
pub(super) struct Rewriter {
    keys: Arc<[String]>,
    api: Api,
    base: String,
    /// The received bytes that may be the start of a link.
    held: Vec<u8>,
    /// The byte before them.
    before: u8,
}

/// The value of a key.
enum At {
    /// The value may be a link, but is not complete yet.
    Unfinished,
    /// The value is not a link.
    Other,
    /// A string with these start and end positions, including its quotes.
    Text(usize, usize),
}

impl Rewriter {
    /// Takes the received bytes, and returns those that can be sent on.
    fn push(&mut self, data: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(data);
        let mut out = Vec::with_capacity(self.held.len());
        let mut done = 0;
        let kept = loop {
            let Some((place, length)) = self.find(done) else {
                // The last bytes may be the start of a key.
                let longest = self.keys.iter().map(String::len).max().unwrap_or(0);
                let kept = self.held.len().saturating_sub(longest.saturating_sub(1)).max(done);
                out.extend_from_slice(&self.held[done..kept]);
                break kept;
            };
            match self.look(place + length) {
                At::Unfinished if self.held.len() - place <= LONGEST => {
                    out.extend_from_slice(&self.held[done..place]);
                    break place;
                }
                At::Text(start, end) => {
                    out.extend_from_slice(&self.held[done..start]);
                    let text = &self.held[start..end];
                    match self.translated(text) {
                        Some(link) => out.extend_from_slice(&link),
                        None => out.extend_from_slice(text),
                    }
                    done = end;
                }
                At::Other | At::Unfinished => {
                    out.extend_from_slice(&self.held[done..place + length]);
                    done = place + length;
                }
            }
        };
        if let Some(before) = kept.checked_sub(1) {
            self.before = self.held[before];
        }
        self.held.drain(..kept);
        out
    }

    /// Returns what is still held when the reply has ended.
    fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Returns the position and length of the first key at or after `from`. A quote after a backslash does
    /// not start a key.
    fn find(&self, from: usize) -> Option<(usize, usize)> {
        let escaped = |place: usize| match place.checked_sub(1) {
            Some(before) => self.held[before] == b'\\',
            None => self.before == b'\\',
        };
        let places = self.keys.iter().filter_map(|key| {
            let mut places = memmem::find_iter(&self.held[from..], key).map(|place| from + place);
            Some((places.find(|place| !escaped(*place))?, key.len()))
        });
        places.min()
    }

    /// Returns the value that follows a key that ends at `end`.
    fn look(&self, end: usize) -> At {
        let bytes = &self.held[end..];
        let blank = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let colon = blank(0);
        match bytes.get(colon) {
            None => return At::Unfinished,
            Some(b':') => {}
            Some(_) => return At::Other,
        }
        let start = colon + 1 + blank(colon + 1);
        match bytes.get(start) {
            None => return At::Unfinished,
            Some(b'"') => {}
            Some(_) => return At::Other,
        }
        let mut place = start + 1;
        loop {
            match bytes.get(place) {
                None => return At::Unfinished,
                Some(b'"') => return At::Text(end + start, end + place + 1),
                Some(b'\\') => place += 2,
                Some(_) => place += 1,
            }
        }
    }

    /// Returns the link as the client needs it, if it leads to the API.
    fn translated(&self, text: &[u8]) -> Option<Vec<u8>> {
        let link: String = serde_json::from_slice(text).ok()?;
        let host = link.find("://")? + 3;
        let end = link[host..].find(['/', '?', '#']).map_or(link.len(), |end| host + end);
        let (origin, target) = link.split_at(end);
        if origin.parse().is_ok_and(|origin| self.api.is_at(&origin)) {
            serde_json::to_vec(&format!("{}{target}", self.base)).ok()
        } else {
            None
        }
    }
}

/// A reply's body with its links rewritten.
pub(super) struct Rewritten {
    body: ReplyBody,
    rewriter: Rewriter,
    ended: bool,
}

impl Rewritten {
    pub(super) fn new(body: ReplyBody, rewriter: Rewriter) -> Self {
        Self { body, rewriter, ended: false }
    }
}

impl Body for Rewritten {
    type Data = Bytes;
    type Error = EgressError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, EgressError>>> {
        let this = &mut *self;
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let passed = match ready!(Pin::new(&mut this.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rewriter.push(&data),
                    // Trailers describe the original reply.
                    Err(_) => continue,
                },
                Some(Err(error)) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    this.ended = true;
                    this.rewriter.rest()
                }
            };
            if !passed.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(passed.into()))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const API: &str = "https://api.example.com";
    const BASE: &str = "http://127.0.0.1:9100/key";

    fn rewriter() -> Rewriter {
        let keys = vec!["\"@odata.nextLink\"".to_owned(), "\"next\"".to_owned()];
        let hosts = serde_json::from_str(r#"["api-*.example.com"]"#).unwrap();
        let api = Api { origin: API.parse().unwrap(), hosts };
        Links { keys: keys.into(), api }.rewriter(BASE.into())
    }

    /// The text after it went through in pieces of these lengths.
    fn through(text: &str, pieces: &[usize]) -> String {
        let mut rewriter = rewriter();
        let (mut out, mut rest) = (Vec::new(), text.as_bytes());
        for length in pieces.iter().copied().cycle() {
            let (piece, later) = rest.split_at(length.clamp(1, rest.len().max(1)).min(rest.len()));
            out.extend(rewriter.push(piece));
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        out.extend(rewriter.rest());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn links_to_the_api_and_to_any_region_of_it_lead_to_the_proxy() {
        let cases = [
            (r#"{"value":[],"@odata.nextLink":"https://api.example.com/api/x?$skip=5"}"#, true),
            (r#"{"next" : "https://API.example.com:443/api/x?$skip=5","value":[]}"#, true),
            (r#"{"@odata.nextLink":"https:\/\/api.example.com\/api\/x?$skip=5"}"#, true),
            (r#"{"next":"https://api-eu3.example.com/api/x?$skip=5"}"#, true),
            (r#"{"next":"http://api-eu3.example.com/api/x?$skip=5"}"#, false),
            (r#"{"next":"https://api-eu3.example.com:8443/api/x?$skip=5"}"#, false),
            (r#"{"next":"https://elsewhere.test/api/x?$skip=5"}"#, false),
            (r#"{"next":"/api/x?$skip=5"}"#, false),
            (r#"{"next":"https://api.example.com.evil.example/api/x?$skip=5"}"#, false),
            (r#"{"next":"http://api.example.com/api/x?$skip=5"}"#, false),
            (r#"{"next":"https://user@api.example.com/api/x?$skip=5"}"#, false),
            (r#"{"next":["https://api.example.com/api/x?$skip=5"]}"#, false),
            (r#"{"text":"a \"next\":\"https://api.example.com/api/x?$skip=5\""}"#, false),
            (r#"{"other":"https://api.example.com/api/x?$skip=5"}"#, false),
            (r#"{"next":null,"x":"next"}"#, false),
            (r#"{"next"#, false),
            (r#"{"next":"https://api.example.com/api/x?$skip=5"#, false),
            (r#"{"next":"\"#, false),
        ];
        for (text, changed) in cases {
            for length in 1..=text.len() {
                let out = through(text, &[length]);
                if changed {
                    let value: serde_json::Value = serde_json::from_str(&out).unwrap();
                    let link = value.get("next").or(value.get("@odata.nextLink")).unwrap();
                    assert_eq!(link, &format!("{BASE}/api/x?$skip=5"), "{text}");
                } else {
                    assert_eq!(out, text);
                }
            }
        }
    }

    #[test]
    fn a_text_without_an_end_is_not_held_for_ever() {
        let mut rewriter = rewriter();
        rewriter.push(br#"{"next":""#);
        for _ in 0..64 {
            rewriter.push(&[b'x'; 4096]);
            assert!(rewriter.held.len() <= LONGEST + 4096, "{}", rewriter.held.len());
        }
    }

    proptest! {
        #[test]
        fn whatever_the_pieces_the_outcome_is_the_same(
            fields in prop::collection::vec(
                ("(next|@odata\\.nextLink|x|\\PC{0,6})", "(https://api\\.example\\.com/[a-z\"\\\\]{0,9}|\\PC{0,12})"), 0..6),
            pieces in prop::collection::vec(1_usize..20, 1..8),
        ) {
            let mut map = serde_json::Map::new();
            for (key, value) in fields {
                map.insert(key, value.into());
            }
            let expected: serde_json::Map<_, _> = map.iter().map(|(key, value)| {
                let text = value.as_str().unwrap();
                let link = matches!(key.as_str(), "next" | "@odata.nextLink") && text.starts_with("https://api.example.com/");
                (key.clone(), if link { text.replacen(API, BASE, 1).into() } else { value.clone() })
            }).collect();
            let text = serde_json::Value::Object(map).to_string();
            let out = through(&text, &pieces);
            prop_assert_eq!(serde_json::from_str::<serde_json::Map<_, _>>(&out).unwrap(), expected);
            prop_assert_eq!(&out, &through(&text, &[text.len()]));
        }
    }
}

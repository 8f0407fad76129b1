//! A page of Markdown, taken apart.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A page: what stands on it that can be checked.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) blocks: Vec<Block>,
    /// What stands between backticks in a line.
    pub(super) spans: Vec<String>,
    /// The targets of links and pictures.
    pub(super) links: Vec<String>,
    /// The labels of links whose target stands elsewhere, with the target.
    pub(super) labels: Vec<(String, String)>,
    pub(super) headings: Vec<Heading>,
}

/// A block of code.
pub(super) struct Block {
    /// What stands after the opening backticks; nothing if the block is indented.
    pub(super) language: String,
    pub(super) text: String,
}

/// A heading, with what stands between backticks in it.
#[derive(Default)]
pub(super) struct Heading {
    pub(super) text: String,
    pub(super) spans: Vec<String>,
}

impl Page {
    pub(super) fn read(path: &Path) -> Self {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut page = Self {
            path: path.to_owned(),
            blocks: Vec::new(),
            spans: Vec::new(),
            links: Vec::new(),
            labels: Vec::new(),
            headings: Vec::new(),
        };
        let (mut block, mut heading): (Option<Block>, Option<Heading>) = (None, None);
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::CodeBlock(kind)) => {
                    let language = match kind {
                        CodeBlockKind::Fenced(language) => language.to_string(),
                        CodeBlockKind::Indented => String::new(),
                    };
                    block = Some(Block { language, text: String::new() });
                }
                Event::End(TagEnd::CodeBlock) => page.blocks.extend(block.take()),
                Event::Start(Tag::Heading { .. }) => heading = Some(Heading::default()),
                Event::End(TagEnd::Heading(_)) => page.headings.extend(heading.take()),
                Event::Start(Tag::Link { link_type, dest_url, id, .. }) => {
                    page.links.push(dest_url.to_string());
                    if link_type == LinkType::Reference {
                        page.labels.push((id.to_string(), dest_url.to_string()));
                    }
                }
                Event::Start(Tag::Image { dest_url, .. }) => page.links.push(dest_url.to_string()),
                Event::Code(code) => {
                    if let Some(heading) = &mut heading {
                        heading.text.push_str(&code);
                        heading.spans.push(code.to_string());
                    }
                    page.spans.push(code.to_string());
                }
                Event::Text(words) => {
                    if let Some(block) = &mut block {
                        block.text.push_str(&words);
                    } else if let Some(heading) = &mut heading {
                        heading.text.push_str(&words);
                    }
                }
                _ => {}
            }
        }
        page
    }

    /// The blocks of that language, with what follows its name.
    pub(super) fn blocks_of(&self, language: &str) -> impl Iterator<Item = (&str, &Block)> {
        self.blocks.iter().filter_map(move |block| {
            let rest = block.language.strip_prefix(language)?;
            (rest.is_empty() || rest.starts_with([' ', ','])).then(|| (rest.trim(), block))
        })
    }

    /// The page's name in messages.
    pub(super) fn name(&self) -> String {
        self.path.strip_prefix(super::root()).unwrap_or(&self.path).display().to_string()
    }
}

//! A Markdown page, split into its parts.

use std::path::{Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, LinkType, Options, Parser, Tag, TagEnd};

/// A page: the parts of it that can be checked.
pub(super) struct Page {
    pub(super) path: PathBuf,
    pub(super) blocks: Vec<Block>,
    /// The text between backticks, line by line.
    pub(super) spans: Vec<String>,
    /// The targets of links and pictures.
    pub(super) links: Vec<String>,
    /// The labels of links whose targets are elsewhere, with those targets.
    pub(super) labels: Vec<(String, String)>,
    pub(super) headings: Vec<Heading>,
}

/// A block of code.
pub(super) struct Block {
    /// The text after the opening backticks; empty if the block is indented.
    pub(super) language: String,
    pub(super) text: String,
}

/// A heading, with the text between backticks in it.
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

    /// The blocks in that language, with the text that follows its name.
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

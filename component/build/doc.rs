//! The grammar of the WIT's doc comments.
//!
//! The first paragraph is the summary, and the others are the description. A line that begins with `@` is a
//! tag, and the indented lines below it continue it. Each reader takes its tags by name. A tag that nobody
//! takes is an error, so a misspelt tag cannot be overlooked.

/// A parsed doc comment.
#[derive(Debug)]
pub(crate) struct Doc {
    /// The first paragraph.
    pub(crate) summary: String,
    /// The other paragraphs, separated by empty lines.
    pub(crate) description: String,
    /// The lines that begin with `@`.
    pub(crate) tags: Tags,
}

impl Doc {
    /// Parses the doc comment of `item`.
    ///
    /// # Errors
    /// Names the item and the rule that its comment breaks.
    pub(crate) fn parse(item: &str, contents: Option<&str>) -> Result<Self, String> {
        let contents = contents.ok_or_else(|| format!("{item}: has no doc comment"))?;
        let mut paragraphs: Vec<String> = Vec::new();
        let mut tags: Vec<(String, String)> = Vec::new();
        let mut fresh = true;
        for line in contents.lines() {
            let text = line.trim();
            if text.is_empty() {
                fresh = true;
            } else if let Some(tag) = text.strip_prefix('@') {
                let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
                tags.push((name.to_owned(), rest.trim().to_owned()));
                fresh = false;
            } else if let Some((name, rest)) = tags.last_mut() {
                if fresh || !line.starts_with(' ') {
                    return Err(format!("{item}: `{text}` stands below @{name} and is not indented"));
                }
                push_words(rest, text);
            } else if let Some(paragraph) = paragraphs.last_mut().filter(|_| !fresh) {
                push_words(paragraph, text);
            } else {
                paragraphs.push(text.to_owned());
                fresh = false;
            }
        }
        if paragraphs.is_empty() {
            return Err(format!("{item}: its doc comment has no summary"));
        }
        let summary = paragraphs.remove(0);
        let tags = Tags { item: item.to_owned(), tags };
        Ok(Self { summary, description: paragraphs.join("\n\n"), tags })
    }
}

fn push_words(text: &mut String, words: &str) {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(words);
}

/// The tags of a doc comment that have not been taken yet.
#[derive(Debug)]
pub(crate) struct Tags {
    item: String,
    tags: Vec<(String, String)>,
}

impl Tags {
    /// Takes all tags with this name and returns their texts.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.tags.extract_if(.., |(tag, _)| tag == name).map(|(_, text)| text).collect()
    }

    /// Takes the tag with this name, if present, and returns its text.
    ///
    /// # Errors
    /// The tag is repeated or has no text.
    pub(crate) fn optional(&mut self, name: &str) -> Result<Option<String>, String> {
        let mut all = self.all(name);
        match (all.pop(), all.is_empty()) {
            (None, _) => Ok(None),
            (Some(_), false) => Err(self.broken(&format!("@{name} is given twice"))),
            (Some(text), true) if text.is_empty() => Err(self.broken(&format!("@{name} says nothing"))),
            (Some(text), true) => Ok(Some(text)),
        }
    }

    /// Takes the tag with this name and returns its text.
    ///
    /// # Errors
    /// The tag is missing, repeated or has no text.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name)?.ok_or_else(|| self.broken(&format!("@{name} is missing")))
    }

    /// Takes the tag with this name, which must have no text. Returns whether it was present.
    ///
    /// # Errors
    /// The tag is repeated or has text.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.all(name).as_slice() {
            [] => Ok(false),
            [text] if text.is_empty() => Ok(true),
            _ => Err(self.broken(&format!("@{name} stands alone and once"))),
        }
    }

    /// Puts a tag back for another reader.
    pub(crate) fn put_back(&mut self, name: &str, text: String) {
        self.tags.push((name.to_owned(), text));
    }

    /// Checks that all tags have been taken.
    ///
    /// # Errors
    /// A tag is left over.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.tags.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.broken(&format!("@{name} does not belong here"))),
        }
    }

    /// The error that this item breaks `rule`.
    pub(crate) fn broken(&self, rule: &str) -> String {
        format!("{}: {rule}", self.item)
    }
}

/// The label of a field, a case, a parameter or a result: `Title [key]: description`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// The title, for people.
    pub(crate) title: String,
    /// The JSON key, if the label gives one.
    pub(crate) key: Option<String>,
    /// Whether the label has `(extension)` before the colon.
    pub(crate) extension: bool,
    /// What it means.
    pub(crate) description: String,
}

impl Label {
    /// Parses a label.
    ///
    /// # Errors
    /// Names the item and the rule that its label breaks.
    pub(crate) fn parse(item: &str, text: &str) -> Result<Self, String> {
        let broken = |rule: &str| format!("{item}: {rule} (`Title [key]: description`)");
        let (head, description) = match text.find(']') {
            // A title or key may contain a colon, so the head ends at the colon after the key.
            Some(end) if !text[..end].contains(": ") => {
                let colon =
                    text[end..].find(':').ok_or_else(|| broken("a colon is missing after the key"))?;
                (&text[..end + colon], &text[end + colon + 1..])
            }
            _ => text.split_once(':').ok_or_else(|| broken("a colon is missing after the title"))?,
        };
        let (head, extension) = match head.trim().strip_suffix("(extension)") {
            Some(rest) => (rest.trim(), true),
            None => (head.trim(), false),
        };
        let (title, key) = match head.strip_suffix(']') {
            Some(rest) => {
                let (title, key) = rest.rsplit_once('[').ok_or_else(|| broken("the key has no `[`"))?;
                (title.trim(), Some(key.trim().to_owned()))
            }
            None => (head, None),
        };
        if title.is_empty() || key.as_deref() == Some("") || description.trim().is_empty() {
            return Err(broken("a title, key or description is empty"));
        }
        Ok(Self { title: title.to_owned(), key, extension, description: description.trim().to_owned() })
    }
}

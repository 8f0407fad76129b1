//! The grammar of the WIT's doc comments.
//!
//! The first paragraph is the summary, the further ones the description. A line that begins with `@` is a tag; the
//! indented lines below it go on with it. Whoever reads a doc takes each tag by name, and a tag that nobody takes
//! is an error: a misspelt one cannot be overlooked.

/// A doc comment, taken apart.
#[derive(Debug)]
pub(crate) struct Doc {
    /// The first paragraph.
    pub(crate) summary: String,
    /// The further paragraphs, with an empty line between two.
    pub(crate) description: String,
    /// What begins with `@`.
    pub(crate) tags: Tags,
}

impl Doc {
    /// Takes apart the doc comment of `item`.
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

/// The tags of a doc comment that nobody has taken yet.
#[derive(Debug)]
pub(crate) struct Tags {
    item: String,
    tags: Vec<(String, String)>,
}

impl Tags {
    /// Takes every tag of that name.
    pub(crate) fn all(&mut self, name: &str) -> Vec<String> {
        self.tags.extract_if(.., |(tag, _)| tag == name).map(|(_, text)| text).collect()
    }

    /// Takes the tag of that name, if it is there, with its text.
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

    /// Takes the tag of that name, with its text.
    ///
    /// # Errors
    /// The tag is missing, repeated or has no text.
    pub(crate) fn required(&mut self, name: &str) -> Result<String, String> {
        self.optional(name)?.ok_or_else(|| self.broken(&format!("@{name} is missing")))
    }

    /// Takes the tag of that name, which has no text.
    ///
    /// # Errors
    /// The tag is repeated or has a text.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.all(name).as_slice() {
            [] => Ok(false),
            [text] if text.is_empty() => Ok(true),
            _ => Err(self.broken(&format!("@{name} stands alone and once"))),
        }
    }

    /// Puts a tag back, for whoever comes next.
    pub(crate) fn put_back(&mut self, name: &str, text: String) {
        self.tags.push((name.to_owned(), text));
    }

    /// Ends the taking.
    ///
    /// # Errors
    /// A tag is left.
    pub(crate) fn finish(self) -> Result<(), String> {
        match self.tags.first() {
            None => Ok(()),
            Some((name, _)) => Err(self.broken(&format!("@{name} does not belong here"))),
        }
    }

    /// An error: the item breaks `rule`.
    pub(crate) fn broken(&self, rule: &str) -> String {
        format!("{}: {rule}", self.item)
    }
}

/// What a field, a case, a parameter or a result is called: `Title [key]: description`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    /// The title, for people.
    pub(crate) title: String,
    /// The key in JSON, where it is said.
    pub(crate) key: Option<String>,
    /// Whether `(extension)` stands before the colon.
    pub(crate) extension: bool,
    /// What it means.
    pub(crate) description: String,
}

impl Label {
    /// Takes a label apart.
    ///
    /// # Errors
    /// Names the item and the rule that its label breaks.
    pub(crate) fn parse(item: &str, text: &str) -> Result<Self, String> {
        let broken = |rule: &str| format!("{item}: {rule} (`Title [key]: description`)");
        let (head, description) = match text.find(']') {
            // A title or key may hold a colon; the colon that ends the head follows the key.
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

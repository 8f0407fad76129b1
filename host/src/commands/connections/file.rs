//! The configuration file, edited in place: everything that is not about the connection stays as it is,
//! comments included.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use toml_edit::{Document, DocumentMut, Item, Table, Value};

use crate::error::CliError;

/// The byte order mark.
const MARK: &str = "\u{feff}";
/// The table of all connections.
const CONNECTIONS: &str = "connections";

/// A configuration file in memory.
pub(super) struct ConfigFile {
    path: PathBuf,
    /// The text that was read; `None` if there was no file.
    before: Option<String>,
    /// Whether the file began with a byte order mark.
    is_marked: bool,
    document: DocumentMut,
}

/// One connection's keys, and those of its table `auth`.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Draft {
    pub(super) connection: Vec<(&'static str, Setting)>,
    pub(super) auth: Vec<(&'static str, Setting)>,
}

/// What a key is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Setting {
    Text(String),
    Words(Vec<String>),
    Flag(bool),
    /// Deliberately left out.
    Nothing,
}

impl ConfigFile {
    /// Reads the file; a missing file counts as empty.
    pub(super) fn read(path: &Path) -> Result<Self, CliError> {
        // A symbolic link stays a link: its target is written.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let before = text(&path)?;
        let read = before.as_deref().unwrap_or_default();
        let unmarked = read.strip_prefix(MARK);
        let is_marked = unmarked.is_some();
        let document = unmarked.unwrap_or(read).parse().map_err(|_| {
            // The invalid text may be a secret, so the parser's own message, which shows it, is left out.
            CliError::usage(
                format!("{} is not a configuration file", path.display()),
                "`connector connections list` says in which line; mend it first",
            )
        })?;
        Ok(Self { path, before, is_marked, document })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.document.get(CONNECTIONS).and_then(|connections| connections.get(name)).is_some()
    }

    /// Returns the file's text, with its original line ends and byte order mark.
    pub(super) fn text(&self) -> String {
        let mark = if self.is_marked { MARK } else { "" };
        let text = format!("{mark}{}", self.document);
        let carriage_returns = self.before.as_deref().is_some_and(|before| before.contains("\r\n"));
        if carriage_returns { text.replace('\n', "\r\n") } else { text }
    }

    /// Sets the connection, in place of one with that name, or else at the end.
    pub(super) fn set(&mut self, name: &str, draft: &Draft) -> Result<(), CliError> {
        let mut connection = table(&draft.connection);
        connection.insert("auth", Item::Table(table(&draft.auth)));
        let connections = self.document.entry(CONNECTIONS).or_insert_with(|| {
            let mut connections = Table::new();
            // Only the tables inside it have headings.
            connections.set_implicit(true);
            Item::Table(connections)
        });
        if let Some(Item::Table(old)) = connections.get(name) {
            *connection.decor_mut() = old.decor().clone();
            connection.set_position(old.position());
        } else if self.before.as_deref().is_some_and(|text| !text.trim().is_empty()) {
            connection.decor_mut().set_prefix("\n");
        }
        match connections {
            Item::Table(connections) => {
                connections.insert(name, Item::Table(connection));
                Ok(())
            }
            _ => Err(CliError::usage(
                format!("in {}, the connections are written as one value in braces", self.path.display()),
                format!(
                    "write each as a table with a heading, [connections.{name}], or add this one by hand"
                ),
            )),
        }
    }

    /// Removes the connection, with the comment right above it. Returns whether it was there.
    pub(super) fn remove(&mut self, name: &str) -> bool {
        let above = self.above(name);
        let before = self.document.to_string();
        let connections = self.document.get_mut(CONNECTIONS).and_then(Item::as_table_like_mut);
        if connections.and_then(|connections| connections.remove(name)).is_none() {
            return false;
        }
        let after = self.document.to_string();
        if let Some((place, above)) = above
            && let (Some(start), Some(rest)) = (before.get(..place), after.get(place..))
            && after.starts_with(start)
            && let Ok(document) = [start, &above, rest].concat().parse()
        {
            self.document = document;
        }
        true
    }

    /// Returns the text above a connection's heading that is not about it, because an empty line is between
    /// them, and where that text goes.
    fn above(&self, name: &str) -> Option<(usize, String)> {
        let spans = Document::parse(self.document.to_string()).ok()?;
        let heading = spans.get(CONNECTIONS)?.get(name)?.as_table()?.span()?.start;
        let prefix = self.document.get(CONNECTIONS)?.get(name)?.as_table()?.decor().prefix()?.as_str()?;
        let mut kept = 0;
        let mut place = 0;
        for line in prefix.split_inclusive('\n') {
            if line.ends_with('\n') && line.trim().is_empty() {
                kept = place;
            }
            place += line.len();
        }
        Some((heading.checked_sub(prefix.len())?, prefix[..kept].to_owned()))
    }

    /// Writes the whole file or nothing, readable by this user only.
    pub(super) fn write(self) -> Result<(), CliError> {
        let failed = |error: io::Error| {
            CliError::local(
                format!("cannot write {}: {error}", self.path.display()),
                "check that you may write to its directory, or name another file with --config",
            )
        };
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = folder.unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(failed)?;
        // The file is created with the permissions 0600, and replaces the other atomically.
        let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
        file.write_all(self.text().as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
        if text(&self.path)? != self.before {
            return Err(CliError::local(
                format!("{} was changed by someone else meanwhile", self.path.display()),
                "nothing was written: try again",
            ));
        }
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

fn table(settings: &[(&'static str, Setting)]) -> Table {
    let mut table = Table::new();
    for (key, setting) in settings {
        let value: Value = match setting {
            Setting::Text(text) => text.as_str().into(),
            Setting::Words(words) => words.iter().map(String::as_str).collect(),
            Setting::Flag(flag) => (*flag).into(),
            Setting::Nothing => continue,
        };
        table.insert(key, Item::Value(value));
    }
    table
}

fn text(path: &Path) -> Result<Option<String>, CliError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CliError::usage(
            format!("cannot read {}: {error}", path.display()),
            "check that it is a file of UTF-8 text and that this user may read it",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Mine.\n\n[connections.a] # the first\ncloud   = 'eu'\n\n  [connections.a.auth]\n  kind = \"none\"\n\n\
                        # The second.\n[connections.b]\napi-url = \"https://b\"  # odd   spacing\n\
                        auth = { kind = \"none\" }\n\n# The end.\n";

    fn file(text: &str) -> ConfigFile {
        let document = text.parse().unwrap();
        ConfigFile { path: "config.toml".into(), before: Some(text.into()), is_marked: false, document }
    }

    fn draft(cloud: &str) -> Draft {
        Draft {
            connection: vec![("cloud", Setting::Text(cloud.into())), ("flag", Setting::Flag(true))],
            auth: vec![
                ("kind", Setting::Text("x".into())),
                ("words", Setting::Words(vec!["a\"b".into(), "c".into()])),
            ],
        }
    }

    const ADDED: &str = "[connections.NAME]\ncloud = \"us\"\nflag = true\n\n[connections.NAME.auth]\nkind = \"x\"\n\
                         words = ['a\"b', \"c\"]\n";

    #[test]
    fn a_connection_is_added_at_the_end_and_removed_again_without_a_trace() {
        let mut changed = file(FILE);
        changed.set("c d", &draft("us")).unwrap();
        let text = changed.text();
        let rest = FILE.strip_suffix("\n# The end.\n").unwrap();
        assert!(text.starts_with(rest), "{text}");
        assert!(text.contains(&ADDED.replace("NAME", "\"c d\"")), "{text}");
        assert!(text.contains("# The end.\n"), "{text}");
        assert!(file(&text).has("c d") && file(&text).has("a") && !file(&text).has("c"));
    }

    #[test]
    fn a_first_connection_makes_a_whole_file() {
        let mut first = file("");
        first.set("default", &draft("us")).unwrap();
        assert_eq!(first.text(), ADDED.replace("NAME", "default"));
    }

    #[test]
    fn a_connection_is_replaced_where_it_stands() {
        let mut changed = file(FILE);
        changed.set("a", &draft("us")).unwrap();
        let text = changed.text();
        assert!(text.starts_with("# Mine.\n\n[connections.a]"), "{text}");
        assert!(!text.contains("'eu'") && !text.contains("kind = \"none\"\n\n"), "{text}");
        assert!(text.ends_with(&FILE[FILE.find("# The second").unwrap()..]), "{text}");
    }

    #[test]
    fn what_is_removed_takes_nothing_with_it() {
        let mut changed = file(FILE);
        assert!(changed.remove("a") && !changed.remove("a") && !changed.remove("none"));
        let second = FILE.find("\n# The second").unwrap();
        assert_eq!(changed.text(), format!("# Mine.\n{}", &FILE[second..]));
        let mut changed = file(FILE);
        assert!(changed.remove("b"));
        assert_eq!(changed.text(), format!("{}\n# The end.\n", &FILE[..second]));
    }

    #[test]
    fn line_ends_stay_what_they_were() {
        let file_of_windows = FILE.replace('\n', "\r\n");
        let mut changed = file(&file_of_windows);
        assert_eq!(changed.text(), file_of_windows);
        changed.set("c", &draft("us")).unwrap();
        assert_eq!(changed.text().matches('\n').count(), changed.text().matches("\r\n").count());
        assert!(changed.remove("c"));
        assert_eq!(changed.text(), file_of_windows);
    }

    #[test]
    fn connections_in_braces_are_left_to_their_author() {
        let inline = "connections = { a = { auth = { kind = \"none\" } } }\n";
        assert!(file(inline).set("b", &draft("us")).is_err());
        let mut changed = file(inline);
        assert!(changed.has("a") && changed.remove("a"));
    }
}

//! A query, as written.

use super::condition::Condition;
use super::join::Kind;

/// A query: the source of its rows, and the steps applied to them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) source: Source,
    pub(crate) stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// The table with this name.
    Table(String),
    /// All tables: the rows that contain the word, or all rows.
    Search(Option<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    Where(Condition),
    /// The new name and the old name of each column.
    Project(Vec<(String, String)>),
    Take(usize),
    Sort(Vec<Key>),
    Top(usize, Key),
    Distinct(Vec<String>),
    Count,
    Summarize {
        count: Option<String>,
        by: Vec<String>,
    },
    Join {
        kind: Kind,
        right: Query,
        /// Pairs of a left column and a right column that must be equal.
        keys: Vec<(String, String)>,
    },
    Search(Option<String>),
    GetSchema,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) column: String,
    pub(crate) descending: bool,
}

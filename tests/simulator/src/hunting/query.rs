//! A query as it was written.

use super::condition::Condition;
use super::join::Kind;

/// A query: where its rows come from, and what is done with them, step by step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) source: Source,
    pub(crate) stages: Vec<Stage>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Source {
    /// The table of that name.
    Table(String),
    /// All tables: the rows in which the word stands, or all.
    Search(Option<String>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Stage {
    Where(Condition),
    /// New name and old name of each column.
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
        /// The column on the left and the one on the right that are to be equal.
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

//! A query as it was written.

use super::condition::Condition;

/// A query: a table and what is done with it, step by step.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Query {
    pub(crate) table: String,
    pub(crate) stages: Vec<Stage>,
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
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) column: String,
    pub(crate) descending: bool,
}

//! Advanced hunting: a small part of the Kusto query language over seeded tables.
//!
//! Understood: a table name followed by `where`, `project`, `take`/`limit`, `top`, `sort`/`order`, `distinct`, `count`
//! and `summarize count() by`. Anything else is refused by name, as the real engine refuses what it cannot resolve.

mod answer;
mod condition;
mod error;
mod parse;
mod query;
mod run;
mod table;

pub(crate) use answer::Answer;
pub(crate) use run::run;
pub(crate) use table::{Cell, Table, Type};

//! Advanced hunting: a small part of the Kusto query language over seeded tables.
//!
//! It understands a table name, or `search` over all tables, followed by `where`, `project`, `take`/`limit`,
//! `top`, `sort`/`order`, `distinct`, `count`, `summarize count() by`, `join`, `search` and `getschema`.
//! Anything else is refused by name, as the real engine does with what it cannot resolve.

mod answer;
mod condition;
mod error;
mod join;
mod parse;
mod query;
mod run;
mod search;
mod table;

pub(crate) use answer::Answer;
pub(crate) use run::run;
pub(crate) use table::{Cell, Table, Type};

//! OData's query options, as far as the API takes them: `$filter`, `$select`, `$orderby`, `$top`, `$skip`, `$count` and
//! `$expand`.
//!
//! `$filter` has a parser of its own on `winnow`. The one published crate for it, `odata-params` 0.4, knows no lambda
//! operators (`machineTags/any(…)`, which the API documents), rounds times through `chrono`, reads every number as a
//! `BigDecimal` and does not bound nesting; here literals are exact (64-bit integers, 100 ns ticks), depth is bounded
//! and a filter is compiled once against an entity's typed properties before it meets any row.

mod expression;
mod filter;
mod list;
mod order;
mod predicate;
mod property;
mod syntax;

pub(crate) use filter::meant;
pub(crate) use list::{Address, LIST_OPTIONS, LIST_OPTIONS_WITH_EXPAND, ListQuery, expand};
pub(crate) use property::{Entity, Property};

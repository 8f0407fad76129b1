//! The OData query options that the API accepts: `$filter`, `$select`, `$orderby`, `$top`, `$skip`, `$count`
//! and `$expand`.
//!
//! `$filter` has a parser of its own, built on `winnow`. The one published crate for it, `odata-params` 0.4,
//! does not support lambda operators (`machineTags/any(…)`, which the API documents), rounds times through
//! `chrono`, reads every number as a `BigDecimal` and does not limit nesting. Here literals are exact (64-bit
//! integers, 100 ns ticks), depth is limited, and a filter is compiled once against an entity's typed
//! properties before it is applied to any row.

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

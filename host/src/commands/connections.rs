//! `connector connections`: which connections are configured, and whether they work.

mod add;
mod addresses;
mod ask;
mod check;
mod file;
mod kinds;
mod list;
mod questions;
mod remove;
mod report;
mod state;
mod test;

pub(crate) use add::add;
pub(super) use kinds::names as kinds;
pub(crate) use list::list;
pub(crate) use remove::remove;
pub(crate) use test::test;

//! Connections from the command line: added, listed, tested, removed.

mod added;
mod listed;
mod tested;

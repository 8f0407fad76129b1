//! Triggers from outside: what happens at the API reaches a callback, whatever goes wrong on the way.

mod backlog;
mod beginnings;
mod clocks;
mod command_line;
mod crashes;
pub(crate) mod library;
mod month;
mod pages;
#[cfg(unix)]
mod programs;
mod shapes;
mod signing;
pub(crate) mod world;

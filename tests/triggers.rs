//! Triggers from outside: what happens at the API reaches a callback, whatever goes wrong on the way.

mod backlog;
mod command_line;
mod crashes;
pub(crate) mod library;
mod month;
mod pages;
mod shapes;
pub(crate) mod world;

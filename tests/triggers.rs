//! Triggers from outside: what happens at the API reaches a callback, whatever goes wrong on the way.

mod backlog;
mod command_line;
mod crashes;
mod library;
mod month;
mod shapes;
pub(crate) mod world;

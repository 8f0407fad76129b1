//! The commands, one file for each.

mod actions;
mod call;
mod completions;
mod connections;
mod demo;
mod describe;
#[cfg(test)]
mod documented;
mod events;
mod login;
mod man;
mod proxy;
mod schema;
mod serve;
mod sign_in;
mod simulate;
mod to;
mod tree;
mod watch;

pub(crate) use completions::answer as answer_shell;

use crate::cli::{Command, ConnectionsCommand, Globals};
use crate::error::CliError;
use crate::terminal;

/// Does what the command line asks. Shared flags that were given among an action's own words are copied to
/// `globals`.
pub(crate) fn run(globals: &mut Globals, command: Command) -> Result<(), CliError> {
    if let Command::Call(arguments) = &command {
        globals.verbose = globals.verbose.max(call::verbosity(&arguments.words));
    }
    terminal::start_logging(globals.verbose);
    match command {
        Command::Actions => actions::run(globals),
        Command::Describe { action } => describe::run(globals, action.as_deref()),
        Command::Schema { name, part } => schema::run(globals, &name, part),
        Command::Call(arguments) => call::run(globals, arguments.words),
        Command::Watch(arguments) => watch::run(globals, &arguments),
        Command::Serve(arguments) => serve::run(globals, &arguments),
        Command::Events(command) => events::run(globals, &command),
        Command::Login(arguments) => login::login(globals, &arguments),
        Command::Logout => login::logout(globals),
        Command::Connections(ConnectionsCommand::List) => connections::list(globals),
        Command::Connections(ConnectionsCommand::Test { named }) => connections::test(globals, &named),
        Command::Connections(ConnectionsCommand::Add(arguments)) => connections::add(globals, &arguments),
        Command::Connections(ConnectionsCommand::Remove { name }) => connections::remove(globals, &name),
        Command::Proxy(arguments) => proxy::run(globals, &arguments),
        Command::Simulate(arguments) => simulate::run(globals, &arguments),
        Command::Demo => demo::run(),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { directory } => man::run(globals, &directory),
    }
}

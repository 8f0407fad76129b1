//! `connector`: runs workflow connectors in a sandbox, from the command line.

mod cli;
mod commands;
mod error;
mod output;
mod setup;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli::Invocation { mut globals, command } = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => return error.report(cli::Format::Auto),
    };
    match commands::run(&mut globals, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(globals.output),
    }
}

//! `connector`: runs workflow connectors in a sandbox, from the command line.

mod cli;
mod commands;
mod error;
mod output;
mod setup;
mod terminal;

use std::process::ExitCode;

fn main() -> ExitCode {
    let invocation = match cli::parse(std::env::args_os()) {
        Ok(invocation) => invocation,
        Err(error) => return error.exit(),
    };
    terminal::start_logging(&invocation.globals);
    let format = invocation.globals.output;
    match commands::run(invocation) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(format),
    }
}

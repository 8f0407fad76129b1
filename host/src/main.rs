//! `connector`: runs workflow connectors in a sandbox, from the command line.

mod cli;
mod commands;
mod error;
mod output;
mod setup;
mod terminal;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A call makes some hundred small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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

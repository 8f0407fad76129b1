//! `connector`: runs workflow connectors in a sandbox, from the command line.

mod argument;
mod cli;
mod commands;
mod error;
mod flag;
mod hint;
mod output;
mod setup;
mod similar;
mod terminal;
mod usage;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A call makes about a hundred small allocations, many of which another thread frees.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match commands::answer_shell() {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return error.report(false),
    }
    let words: Vec<_> = std::env::args_os().collect();
    let as_json = usage::asks_for_json(&words);
    let cli::Invocation { mut globals, command } = match cli::parse(&words) {
        Ok(invocation) => invocation,
        Err(error) => return error.report(as_json),
    };
    match commands::run(&mut globals, command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => error.report(as_json || globals.output == cli::Format::Json),
    }
}

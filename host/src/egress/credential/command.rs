//! Programs that print a token.

use std::time::Duration;

use crate::program::{Printed, Program, ProgramError};

/// How long the program may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest output that is taken for a token, in bytes.
const LARGEST: usize = 64 << 10;

/// The program, whose output is taken. It stays in this program's group: it may ask something on the terminal.
pub(super) fn printing_a_token(name: &str) -> Program {
    Program::new(name, TIMEOUT).stdout(Printed::Whole(LARGEST))
}

/// Why it gave none, in words.
pub(super) fn in_words(error: &ProgramError) -> Box<str> {
    match error {
        ProgramError::TooMuch { .. } => format!("{error}, too many for a token").into(),
        _ => error.to_string().into(),
    }
}

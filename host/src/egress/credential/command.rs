//! Programs that print a token.

use std::time::Duration;

use crate::program::{Printed, Program, ProgramError};

/// How long the program may take.
const TIMEOUT: Duration = Duration::from_secs(60);
/// The largest output that is accepted as a token, in bytes.
const LARGEST: usize = 64 << 10;

/// The program, with its output captured. It stays in this program's process group, so it may prompt on the
/// terminal.
pub(super) fn printing_a_token(name: &str) -> Program {
    Program::new(name, TIMEOUT).stdout(Printed::Whole(LARGEST))
}

/// Describes why the program printed no token.
pub(super) fn in_words(error: &ProgramError) -> Box<str> {
    match error {
        ProgramError::TooMuch { .. } => format!("{error}, too many for a token").into(),
        _ => error.to_string().into(),
    }
}

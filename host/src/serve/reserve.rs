//! Keeps room for connections when the process has reached its limit of open files.
//!
//! A server that fails for lack of file descriptors has to be able to report it at that very time. It
//! therefore keeps a few spare files open, and closes one of them when there is no room for a connection.

use std::fs::File;
use std::io;

/// How many connections to keep room for.
const FILES: usize = 4;

/// Spare files that are closed to make room.
#[derive(Debug, Default)]
pub(super) struct Reserve(Vec<File>);

impl Reserve {
    /// Opens spare files for as long as there is room for them.
    pub(super) fn refill(&mut self) {
        while cfg!(unix) && self.0.len() < FILES {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file);
        }
    }

    /// Makes room if the error is a lack of file descriptors. Returns whether it did.
    pub(super) fn makes_room(&mut self, error: &io::Error) -> bool {
        is_for_want_of_files(error) && self.0.pop().is_some()
    }
}

#[cfg(unix)]
fn is_for_want_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let errno = error.raw_os_error();
    errno == Some(Errno::MFILE.raw_os_error()) || errno == Some(Errno::NFILE.raw_os_error())
}

#[cfg(not(unix))]
fn is_for_want_of_files(_: &io::Error) -> bool {
    false
}

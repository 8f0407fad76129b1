//! Room for a connection when the process may have no more files open.
//!
//! A server that fails for want of files has to tell so just then. So it keeps a few files open for nothing else, and closes
//! one of them when a connection has no room.

use std::fs::File;
use std::io;

/// How many connections have room.
const FILES: usize = 4;

/// Files that make way.
#[derive(Debug, Default)]
pub(super) struct Reserve(Vec<File>);

impl Reserve {
    /// Opens files as far as there is room for them.
    pub(super) fn refill(&mut self) {
        while cfg!(unix) && self.0.len() < FILES {
            let Ok(file) = File::open("/dev/null") else { return };
            self.0.push(file);
        }
    }

    /// Makes room, if that is what failed. Says whether it did.
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

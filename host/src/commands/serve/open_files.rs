//! Checks that the process may open as many files and connections as its triggers need.

use crate::commands::watch::news;

/// How many files and connections the program has open besides those of its triggers: the store, the
/// listeners, and some room for clients.
const FILES: u64 = 64;
/// How many a trigger has open at a time: its claim, connections to the API for reads and for changes, and a
/// connection to its receiver or the pipes of its command.
const FILES_OF_A_TRIGGER: u64 = 4;

/// Raises the limit on open files and connections as far as it can, and warns if that is too low.
pub(super) fn make_room(triggers: usize) {
    let Some(room) = raised_limit() else { return };
    let needed = FILES + FILES_OF_A_TRIGGER * triggers as u64;
    if room < needed {
        let triggers = news::counted(triggers as u64, "trigger");
        news::warn(&format!(
            "this process may open {room} files and connections, and {triggers} need up to {needed}: polls and deliveries \
             may fail; raise the hard limit (`ulimit -Hn`, or LimitNOFILE= of systemd)"
        ));
    }
}

/// Returns the limit, raised as far as this process may raise it; `None` if there is no limit.
#[cfg(unix)]
fn raised_limit() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // If it cannot be raised, the warning shows the current limit.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current
}

#[cfg(not(unix))]
fn raised_limit() -> Option<u64> {
    None
}

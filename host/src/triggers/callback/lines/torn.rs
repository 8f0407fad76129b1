//! Detects whether the previous writer, such as a process that died, left an unfinished line.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

/// Returns whether standard output is a non-empty file that does not end with a line break. A file that
/// cannot be read counts as such: an empty line does less harm than two events in one line.
pub(super) fn stdout_is_torn() -> bool {
    let Some(mut file) = stdout() else { return false };
    match file.metadata() {
        Ok(about) if about.is_file() && about.len() > 0 => ends_otherwise(&mut file).unwrap_or(true),
        _ => false,
    }
}

/// Opens standard output again, for reading.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "nothing is written")]
fn stdout() -> Option<File> {
    use std::os::fd::AsFd as _;
    let own = File::from(io::stdout().as_fd().try_clone_to_owned().ok()?);
    // Only if it is a file: opening a pipe or a terminal for reading would take input that is meant for
    // others.
    own.metadata().ok()?.is_file().then_some(())?;
    Some(File::open("/dev/fd/1").unwrap_or(own))
}

#[cfg(not(unix))]
fn stdout() -> Option<File> {
    None
}

fn ends_otherwise(file: &mut File) -> io::Result<bool> {
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last != *b"\n")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn the_last_byte_tells() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"{}\n").unwrap();
        assert!(!ends_otherwise(&mut file).unwrap());
        file.write_all(b"{\"id\"").unwrap();
        assert!(ends_otherwise(&mut file).unwrap());
    }
}

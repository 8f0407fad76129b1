//! Reads whole files, such as those that hold a secret. They must be regular files of bounded length.
//!
//! A pipe or a device may have no end, or wait for a writer that never comes; reading it could block the
//! program forever.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::path::Path;

use secrecy::zeroize::Zeroizing;

/// Opens a file for reading. Never waits for a writer, whatever kind of file it is.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        // Has no effect on regular files (POSIX, `open`).
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    options.open(path)
}

/// Reads the whole file. A file of more than `most` bytes is refused.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    // Reserve room for all of it: memory that a growing vector leaves behind is not wiped.
    let room = usize::try_from(metadata.len().min(most)).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::other(format!("it is larger than {most} bytes")));
    }
    Ok(bytes)
}

/// The text without the byte order mark that some editors, mostly on Windows, put at the start of a file.
pub(crate) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "canary").unwrap();
        assert_eq!(read(file.path(), 6).unwrap().as_slice(), b"canary");
        assert!(read(file.path(), 5).unwrap_err().to_string().contains("larger than 5 bytes"));
        let folder = tempfile::tempdir().unwrap();
        assert!(read(folder.path(), 6).is_err());
        assert_eq!(read(&folder.path().join("none"), 6).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        for path in [&*pipe, Path::new("/dev/zero"), Path::new("/dev/tty")] {
            assert!(read(path, 6).is_err(), "{}", path.display());
        }
    }
}

//! Detects whether a directory is on a disk of this machine. The store's log is shared through memory, and
//! its names are claimed by locks on files. Neither works between machines that share a folder, and the store
//! would be damaged.

use std::path::Path;

use crate::store::StoreError;

/// A kind of filesystem that is not on a disk of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remote {
    /// Several machines share it.
    Network(&'static str),
    /// A program serves it, possibly from another machine.
    Served(&'static str),
}

/// Refuses a directory that several machines share, and warns of one that they might share.
pub(super) fn check(directory: &Path) -> Result<(), StoreError> {
    match kind(directory).and_then(remote) {
        None => Ok(()),
        Some(Remote::Network(name)) => {
            Err(StoreError::Shared { location: directory.display().to_string(), filesystem: name.to_owned() })
        }
        Some(Remote::Served(name)) => {
            tracing::warn!(
                directory = %directory.display(),
                "the state is on {name}: if that is a folder of another machine, it will be damaged; \
                 CONNECTOR_STATE_DIR names another directory"
            );
            Ok(())
        }
    }
}

/// Returns the kind of remote filesystem that a magic number of [statfs(2)] stands for, if it is remote.
///
/// [statfs(2)]: https://man7.org/linux/man-pages/man2/statfs.2.html
fn remote(kind: u32) -> Option<Remote> {
    Some(match kind {
        0x6969 => Remote::Network("NFS"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Remote::Network("SMB"),
        0x5346_414f | 0x6b41_4653 => Remote::Network("AFS"),
        0x00c3_6400 => Remote::Network("Ceph"),
        0x0bd0_0bd0 => Remote::Network("Lustre"),
        0x4750_4653 => Remote::Network("GPFS"),
        0x7375_7245 => Remote::Network("Coda"),
        0x564c => Remote::Network("NCP"),
        0x0102_1997 => Remote::Served("9p"),
        0x6573_5546 => Remote::Served("FUSE"),
        0xbacb_acbc => Remote::Served("VMware's shared folders"),
        0x786f_4256 => Remote::Served("VirtualBox's shared folders"),
        _ => return None,
    })
}

#[cfg(target_os = "linux")]
fn kind(directory: &Path) -> Option<u32> {
    let filesystem = rustix::fs::statfs(directory).ok()?;
    u32::try_from(filesystem.f_type & 0xffff_ffff).ok()
}

/// Other systems are not checked.
#[cfg(not(target_os = "linux"))]
fn kind(_: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_machines_share_is_told_from_disks() {
        // ext4, btrfs, xfs, tmpfs, overlayfs, zfs.
        for disk in [0xef53, 0x9123_683e, 0x5846_5342, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1] {
            assert_eq!(remote(disk), None, "{disk:x}");
        }
        for shared in [0x6969, 0xff53_4d42, 0xfe53_4d42, 0x00c3_6400] {
            assert!(matches!(remote(shared), Some(Remote::Network(_))), "{shared:x}");
        }
        assert_eq!(remote(0x6573_5546), Some(Remote::Served("FUSE")));
        assert_eq!(remote(0x0102_1997), Some(Remote::Served("9p")));
    }

    #[test]
    fn a_temporary_directory_is_fit_for_a_store() {
        check(tempfile::tempdir().unwrap().path()).unwrap();
    }
}

//! Files that nobody has any use for: those of keys that are not asked for any more.

use std::os::fd::OwnedFd;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{AtFlags, Dir, statat, unlinkat};

use crate::clock;

/// No session lasts longer than 36 hours, so that what is older has expired, and its source has been away for longer
/// than it is any use to anyone.
const USELESS: Duration = Duration::from_hours(48);

/// Removes old files with credentials, finished or not. Locks stay: somebody may be waiting for one. Whatever cannot
/// be removed stays as well, since nothing depends on it.
pub(super) fn old_files(directory: &OwnedFd) {
    let Ok(files) = Dir::read_from(directory) else {
        return;
    };
    // Against the clock that has stamped the files, whatever clock the cache was given.
    let now = clock::wall();
    for file in files.flatten() {
        let name = file.file_name();
        let kept = [b".json".as_slice(), b".new"];
        if !kept.iter().any(|end| name.to_bytes().ends_with(end)) {
            continue;
        }
        let Ok(stat) = statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let written = u64::try_from(stat.st_mtime).unwrap_or_default();
        if is_useless(UNIX_EPOCH + Duration::from_secs(written), now) {
            let _ = unlinkat(directory, name, AtFlags::empty());
        }
    }
}

fn is_useless(written: SystemTime, now: SystemTime) -> bool {
    now.duration_since(written).is_ok_and(|age| age > USELESS)
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn old_credentials_go_and_everything_else_stays() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = clock::wall() - USELESS - Duration::from_secs(9);
        for name in ["a.json", "b.new", "c.lock", "d.txt", "e.json"] {
            let file = File::create(folder.path().join(name)).expect("made");
            if name != "e.json" {
                file.set_modified(old).expect("stamped");
            }
        }
        let directory = OwnedFd::from(File::open(folder.path()).expect("opened"));
        old_files(&directory);
        let left = std::fs::read_dir(folder.path()).expect("listed");
        let mut left: Vec<_> = left.map(|file| file.expect("read").file_name()).collect();
        left.sort();
        assert_eq!(left, ["c.lock", "d.txt", "e.json"]);
    }
}

//! The directory that files are kept in: who may have made it, and how a file in it is read and replaced.
//!
//! Everything is opened first and judged by its handle, never by its path, and then used through that handle: what
//! was judged is what is used, whatever happens to the path in between. Why something is not used is said in words, for
//! a [`Notice`](super::Notice): credentials then come from the source, as if there were no cache.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, fstat, openat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::entry::Entry;
use super::key::{CacheKey, KEY_LENGTH};
use crate::clock;

/// Nobody else's business.
const PRIVATE_DIRECTORY: u32 = 0o700;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);
/// What group and others may do: nothing.
const OTHERS: u32 = 0o077;

/// Longer than anything that is written; session tokens have a few kilobytes.
const LONGEST: u64 = 1 << 18;

/// No session lasts longer than 36 hours, so that what is older has expired, and its source has been away for longer
/// than it is any use to anyone.
const USELESS: Duration = Duration::from_hours(48);

/// In a directory that was empty when it was first written to: what is in it is this program's own. Old files are
/// removed nowhere else.
const MARK: &str = ".awscreds-bench";

/// Held by the one process that renews, for as long as the value lives.
///
/// The lock belongs to the opened file (`flock`), so the kernel frees it when its owner ends, however it ends. The
/// lock's file is never removed: two processes could then hold the locks of two files of the same name.
#[derive(Debug)]
pub(super) struct Lock {
    store: Store,
    _file: File,
}

impl Lock {
    /// Puts `entry` in the place of what was there, all at once. Only whoever holds the lock may, which is why one
    /// name for the unfinished file is enough: what a killed process left of it is gone with the next one.
    pub(super) fn replace(self, entry: &Entry) -> io::Result<()> {
        let store = &self.store;
        let (name, unfinished) = (store.name("json"), store.name("new"));
        store.remove(&unfinished)?;
        let written = store.write(&unfinished, &entry.to_text());
        if written.is_err() {
            // The first error is the one to tell.
            let _ = store.remove(&unfinished);
            return written;
        }
        renameat(&store.directory, &unfinished, &store.directory, &name)?;
        sweep(&store.directory);
        Ok(())
    }
}

/// One key's files: an opened directory that is this user's alone.
#[derive(Clone, Debug)]
pub(super) struct Store {
    directory: Arc<OwnedFd>,
    path: PathBuf,
    key: CacheKey,
}

impl Store {
    /// Opens the directory, and makes it if there is none.
    pub(super) fn open(path: &Path, key: &CacheKey) -> Result<Self, String> {
        let opened = match open_directory(path) {
            Err(Errno::NOENT) => {
                let made = DirBuilder::new()
                    .recursive(true)
                    .mode(PRIVATE_DIRECTORY)
                    .create(path);
                made.map_err(|error| failed("make", path, error))?;
                open_directory(path)
            }
            opened => opened,
        };
        Ok(Self {
            directory: Arc::new(judged(opened, path, FileType::Directory)?),
            path: path.to_owned(),
            key: key.clone(),
        })
    }

    /// What is kept there; `None` if nothing is, or nothing that this version has written.
    pub(super) fn read(&self) -> Result<Option<Entry>, String> {
        let name = self.name("json");
        // Whatever it is: opening it must not wait for anyone, as opening a pipe would.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let Some(file) = self.open_file(&name, flags)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.take(LONGEST)
            .read_to_end(&mut text)
            .map_err(|error| failed("read", &self.path.join(&name), error))?;
        Ok(Entry::from_text(&text))
    }

    /// Tries to become the one who renews; `None` if somebody else is.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, String> {
        self.mark_if_empty();
        let name = self.name("lock");
        let file = self.open_file(&name, OFlags::RDWR | OFlags::CREATE)?;
        let path = self.path.join(&name);
        let file = file.ok_or_else(|| failed("make", &path, io::ErrorKind::NotFound))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock {
                store: self.clone(),
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed("lock", &path, error)),
        }
    }

    /// Marks the directory as this program's own, if nobody has put anything into it. Without a mark nothing is swept,
    /// which is no reason to go without a cache.
    fn mark_if_empty(&self) {
        let files = Dir::read_from(&self.directory).map(Iterator::flatten);
        let others = |name: &[u8]| ![b".".as_slice(), b".."].contains(&name);
        if files.is_ok_and(|mut files| !files.any(|file| others(file.file_name().to_bytes()))) {
            let _ = self.open_raw(MARK, OFlags::WRONLY | OFlags::CREATE);
        }
    }

    fn write(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL;
        let mut file = File::from(self.open_raw(name, flags)?);
        file.write_all(text)?;
        file.sync_all()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match unlinkat(&self.directory, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// A file of ours; `None` if there is none.
    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, String> {
        match self.open_raw(name, flags) {
            Err(Errno::NOENT) => Ok(None),
            opened => {
                let file = judged(opened, &self.path.join(name), FileType::RegularFile)?;
                Ok(Some(File::from(file)))
            }
        }
    }

    fn open_raw(&self, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        openat(&self.directory, name, flags, PRIVATE_FILE)
    }

    fn name(&self, extension: &str) -> String {
        format!("{}.{extension}", self.key.as_str())
    }
}

fn open_directory(path: &Path) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty())
}

/// What was opened, unless it is not this user's own, private, and what it should be.
fn judged(opened: Result<OwnedFd, Errno>, path: &Path, kind: FileType) -> Result<OwnedFd, String> {
    let shown = path.display();
    let not_plain = || {
        let expected = match kind {
            FileType::Directory => "a directory",
            _ => "a file",
        };
        format!(
            "{shown} is a symbolic link, or not {expected}; whoever made it may send the file elsewhere"
        )
    };
    let opened = opened.map_err(|error| {
        // A link that is not followed, or a directory that is none; unless it is one on the way there.
        let itself =
            matches!(error, Errno::LOOP | Errno::NOTDIR) && path.symlink_metadata().is_ok();
        if itself {
            not_plain()
        } else {
            failed("open", path, error)
        }
    })?;
    let stat = fstat(&opened).map_err(|error| failed("examine", path, error))?;
    let (owner, user) = (stat.st_uid, rustix::process::geteuid().as_raw());
    let mode = stat.st_mode & 0o777;
    if FileType::from_raw_mode(stat.st_mode) != kind {
        Err(not_plain())
    } else if owner != user {
        Err(format!(
            "{shown} belongs to user {owner}, and this is user {user}"
        ))
    } else if mode & OTHERS != 0 {
        Err(format!(
            "{shown} is open to others (mode {mode:03o}; `chmod go= {shown}` closes it)"
        ))
    } else {
        Ok(opened)
    }
}

fn failed(action: &str, path: &Path, error: impl Into<io::Error>) -> String {
    format!("cannot {action} {}: {}", path.display(), error.into())
}

/// Removes old files with credentials, finished or not, from a directory of this program's own. Locks stay: somebody
/// may be waiting for one. Whatever cannot be removed stays as well, since nothing depends on it.
fn sweep(directory: &OwnedFd) {
    if statat(directory, MARK, AtFlags::SYMLINK_NOFOLLOW).is_err() {
        return;
    }
    let Ok(files) = Dir::read_from(directory) else {
        return;
    };
    // Against the clock that has stamped the files.
    let now = clock::wall();
    for file in files.flatten() {
        let name = file.file_name();
        if !name.to_str().is_ok_and(is_own) {
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

/// Whether a file is called as one with credentials is: by a key.
fn is_own(name: &str) -> bool {
    let digit = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    name.split_once('.').is_some_and(|(key, extension)| {
        ["json", "new"].contains(&extension) && key.len() == KEY_LENGTH && key.chars().all(digit)
    })
}

fn is_useless(written: SystemTime, now: SystemTime) -> bool {
    now.duration_since(written).is_ok_and(|age| age > USELESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The files of a folder after they were swept, all of which are old but `new`.
    fn swept(names: &[String], new: &str) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let old = clock::wall() - USELESS - Duration::from_secs(9);
        for name in names {
            let file = File::create(folder.path().join(name)).expect("made");
            if name != new {
                file.set_modified(old).expect("stamped");
            }
        }
        sweep(&OwnedFd::from(File::open(folder.path()).expect("opened")));
        let left = std::fs::read_dir(folder.path()).expect("listed");
        let names = left.map(|file| file.expect("read").file_name().into_string());
        let mut left: Vec<_> = names.collect::<Result<_, _>>().expect("text");
        left.sort();
        left
    }

    #[test]
    fn old_credentials_go_and_everything_else_stays() {
        let [a, b, c] = ["a", "b", "c"].map(|digit| digit.repeat(KEY_LENGTH));
        let mut kept = vec![
            MARK.to_owned(),
            format!("{a}.lock"),
            format!("{c}.json"),
            format!("{}.json", "A".repeat(KEY_LENGTH)),
            format!("{}.json", &a[1..]),
            "notes.new".to_owned(),
            "package.json".to_owned(),
        ];
        kept.sort();
        let own = [format!("{a}.json"), format!("{b}.new")];
        let all = [&kept[..], &own].concat();
        assert_eq!(swept(&all, &format!("{c}.json")), kept);
        let unmarked: Vec<_> = all.into_iter().filter(|name| name != MARK).collect();
        assert_eq!(swept(&unmarked, "").len(), unmarked.len());
    }
}

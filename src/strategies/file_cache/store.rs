//! The directory that files are kept in: who may have made it, and how a file in it is read and replaced.
//!
//! Everything is opened first and judged by its handle, never by its path, and then used through that handle: what
//! was judged is what is used, whatever happens to the path in between.

use std::fs::{DirBuilder, File, TryLockError};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::entry::Entry;
use super::key::CacheKey;
use super::sweep;

/// Nobody else's business.
const PRIVATE_DIRECTORY: u32 = 0o700;
const PRIVATE_FILE: Mode = Mode::RUSR.union(Mode::WUSR);
/// What group and others may do: nothing.
const OTHERS: u32 = 0o077;

/// Longer than anything that is written; session tokens have a few kilobytes.
const LONGEST: u64 = 1 << 18;

/// Why the cache is not used. Credentials then come from the source, as if there were no cache.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error(
        "there is no place for it: neither a home nor a cache directory is known (set AWSCREDS_BENCH_CACHE_DIR)"
    )]
    NoPlace,
    #[error(
        "{path} is a symbolic link, or not {expected}; whoever made it may send the file elsewhere"
    )]
    NotPlain {
        path: PathBuf,
        expected: &'static str,
    },
    #[error("{path} belongs to user {owner}, and this is user {user}")]
    Foreign {
        path: PathBuf,
        owner: u32,
        user: u32,
    },
    #[error("{path} is open to others (mode {mode:03o}; `chmod go= {path}` closes it)")]
    Open { path: PathBuf, mode: u32 },
    #[error("cannot {action} {path}: {source}")]
    Io {
        action: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

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
        sweep::old_files(&store.directory);
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
    pub(super) fn open(path: &Path, key: &CacheKey) -> Result<Self, StoreError> {
        let opened = match open_directory(path) {
            Err(Errno::NOENT) => {
                let made = DirBuilder::new()
                    .recursive(true)
                    .mode(PRIVATE_DIRECTORY)
                    .create(path);
                made.map_err(|source| failed("make", path, source))?;
                open_directory(path)
            }
            other => other,
        };
        let directory = opened.map_err(|error| refusal(error, path, "a directory"))?;
        judge(&directory, path, FileType::Directory, "a directory")?;
        Ok(Self {
            directory: Arc::new(directory),
            path: path.to_owned(),
            key: key.clone(),
        })
    }

    /// What is kept there; `None` if nothing is, or nothing that this version has written.
    pub(super) fn read(&self) -> Result<Option<Entry>, StoreError> {
        let name = self.name("json");
        // Whatever it is: opening it must not wait for anyone, as opening a pipe would.
        let flags = OFlags::RDONLY | OFlags::NONBLOCK;
        let Some(file) = self.open_file(&name, flags)? else {
            return Ok(None);
        };
        let mut text = Vec::new();
        file.take(LONGEST)
            .read_to_end(&mut text)
            .map_err(|source| failed("read", &self.path.join(&name), source))?;
        Ok(Entry::from_text(&text))
    }

    /// Tries to become the one who renews; `None` if somebody else is.
    pub(super) fn try_lock(&self) -> Result<Option<Lock>, StoreError> {
        let name = self.name("lock");
        let file = self.open_file(&name, OFlags::RDWR | OFlags::CREATE)?;
        let path = self.path.join(&name);
        let file = file.ok_or_else(|| failed("make", &path, io::ErrorKind::NotFound.into()))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Lock {
                store: self.clone(),
                _file: file,
            })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(failed("lock", &path, source)),
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
    fn open_file(&self, name: &str, flags: OFlags) -> Result<Option<File>, StoreError> {
        let path = self.path.join(name);
        let file = match self.open_raw(name, flags) {
            Err(Errno::NOENT) => return Ok(None),
            opened => opened.map_err(|error| refusal(error, &path, "a file"))?,
        };
        judge(&file, &path, FileType::RegularFile, "a file")?;
        Ok(Some(File::from(file)))
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

/// Refuses what is not this user's own, private, and what it should be.
fn judge(
    opened: &impl AsFd,
    path: &Path,
    kind: FileType,
    expected: &'static str,
) -> Result<(), StoreError> {
    let stat: Stat = fstat(opened).map_err(|error| failed("examine", path, error.into()))?;
    let (user, mode) = (rustix::process::geteuid().as_raw(), stat.st_mode & 0o777);
    let path = path.to_owned();
    if FileType::from_raw_mode(stat.st_mode) != kind {
        Err(StoreError::NotPlain { path, expected })
    } else if stat.st_uid != user {
        let owner = stat.st_uid;
        Err(StoreError::Foreign { path, owner, user })
    } else if mode & OTHERS != 0 {
        Err(StoreError::Open { path, mode })
    } else {
        Ok(())
    }
}

fn refusal(error: Errno, path: &Path, expected: &'static str) -> StoreError {
    // A link that is not followed, or a directory that is none; unless it is one on the way there.
    let itself = matches!(error, Errno::LOOP | Errno::NOTDIR) && path.symlink_metadata().is_ok();
    if itself {
        let path = path.to_owned();
        StoreError::NotPlain { path, expected }
    } else {
        failed("open", path, error.into())
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> StoreError {
    StoreError::Io {
        action,
        path: path.to_owned(),
        source,
    }
}

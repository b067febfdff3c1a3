//! How a cache behaves, before it has a source.

use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;

use super::entry::{Entry, URGENT_RETRY_AFTER};
use super::key::CacheKey;
use super::store::Store;
use crate::clock;
use crate::strategies::lease::Age;
use crate::strategies::windows::Windows;

/// A fetch that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// What a wait may take beside the fetches that it is for.
const MARGIN: Duration = Duration::from_secs(1);

/// The variable that names the directory.
const DIRECTORY: &str = "AWSCREDS_BENCH_CACHE_DIR";

const NO_PLACE: &str = "there is no place for it: neither a home nor a cache directory is known \
    (set AWSCREDS_BENCH_CACHE_DIR)";

/// Adjusts a [`FileCache`](super::FileCache).
#[derive(Clone, Debug)]
pub struct FileCacheBuilder {
    key: CacheKey,
    directory: Option<PathBuf>,
    pub(super) limit: Duration,
    pub(super) advisory: fn(Duration, f64) -> Duration,
    pub(super) disclosed: fn(&str) -> String,
}

impl FileCacheBuilder {
    pub(super) fn new(key: CacheKey) -> Self {
        Self {
            key,
            directory: usual_directory(),
            limit: LIMIT,
            advisory: |lifetime, chance| Windows::of(lifetime).jittered(chance).advisory,
            disclosed: str::to_owned,
        }
    }

    /// Where the files are: a directory that only this user may enter. Without it, the one that the environment
    /// variable `AWSCREDS_BENCH_CACHE_DIR` names, or `awscreds-bench/credentials` in the user's cache
    /// directory (`XDG_CACHE_HOME`, or `.cache` in the home).
    #[must_use]
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// How long a fetch may take, 10 s unless told otherwise. A process that waits for another's fetch, and for one more
    /// if that fails, gives up two seconds after both should have ended, and asks the source itself.
    #[must_use]
    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    /// How long before their expiry credentials are renewed while calls go on, by their lifetime and a number from
    /// 0 to 1 that is drawn for each fetch. The mandatory window stays that of [`Windows::of`].
    #[must_use]
    pub fn advisory(mut self, advisory: fn(lifetime: Duration, chance: f64) -> Duration) -> Self {
        self.advisory = advisory;
        self
    }

    /// What of the error of a failed fetch is written into the file, for processes that do not know what this one has
    /// fetched: all of it, unless told otherwise.
    #[must_use]
    pub fn disclosed(mut self, disclosed: fn(error: &str) -> String) -> Self {
        self.disclosed = disclosed;
        self
    }

    /// The credentials in the file if nothing needs to be renewed yet: one small file is read, for callers whose source
    /// costs something to set up.
    #[must_use]
    pub fn fresh(&self) -> Option<Credentials> {
        let entry = self.read()?;
        let fresh = entry.age(clock::wall()) == Some(Age::Fresh);
        entry.lease.filter(|_| fresh).map(|lease| lease.credentials)
    }

    /// Whether files can be kept in the directory, which is made where there is none.
    ///
    /// # Errors
    ///
    /// In words, if the cache would ask its source as if it were not there.
    pub fn usable(&self) -> Result<(), String> {
        self.store().map(drop)
    }

    pub(super) fn read(&self) -> Option<Entry> {
        self.store().ok()?.read().ok()?
    }

    pub(super) fn store(&self) -> Result<Store, String> {
        let directory = self.directory.as_deref().ok_or(NO_PLACE)?;
        Store::open(directory, &self.key)
    }

    /// How long to wait for others: for a fetch that fails, the pause after it, and the next one.
    pub(super) fn patience(&self) -> Duration {
        2 * self.limit + URGENT_RETRY_AFTER + MARGIN
    }
}

/// Whatever the environment names, or a folder in the user's cache directory.
fn usual_directory() -> Option<PathBuf> {
    let named = std::env::var_os(DIRECTORY).filter(|name| !name.is_empty());
    named
        .map(PathBuf::from)
        .or_else(|| Some(user_caches()?.join("awscreds-bench/credentials")))
}

fn user_caches() -> Option<PathBuf> {
    let in_home = |folder| Some(std::env::home_dir()?.join(folder));
    if cfg!(target_os = "macos") {
        return in_home("Library/Caches");
    }
    // By the XDG specification, a path that is not absolute counts for nothing.
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let named = named.filter(|path| path.is_absolute());
    named.or_else(|| in_home(".cache"))
}

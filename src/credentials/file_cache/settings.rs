//! How a cache behaves, before it has a source.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource, TimeSource};

use super::FileCache;
use super::entry::{Age, SHORT_PATIENCE};
use super::key::CacheKey;
use super::place::{Place, Refused};
use crate::credentials::Windows;

/// A fetch that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(10);

/// What a wait may take beside the fetches that it is for.
const MARGIN: Duration = Duration::from_secs(1);

/// The variable that names the directory.
const DIRECTORY: &str = "AWSCREDS_BENCH_CACHE_DIR";

/// Adjusts a [`FileCache`].
#[derive(Clone)]
pub struct FileCacheBuilder {
    key: CacheKey,
    directory: Option<PathBuf>,
    pub(super) limit: Duration,
    pub(super) time_source: SharedTimeSource,
    chance: fn() -> f64,
    windows: fn(Duration, f64) -> Windows,
}

impl fmt::Debug for FileCacheBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileCache")
            .field("key", &self.key)
            .field("directory", &self.directory)
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

impl FileCacheBuilder {
    pub(super) fn new(key: CacheKey) -> Self {
        Self {
            key,
            directory: usual_directory(),
            limit: LIMIT,
            time_source: SharedTimeSource::new(SystemTimeSource::new()),
            chance: rand::random,
            windows: |lifetime, chance| Windows::of(lifetime).jittered(chance),
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

    /// The clock that expiry is compared with. It must tell the same time to all processes.
    #[must_use]
    pub fn time_source(mut self, time_source: impl TimeSource + 'static) -> Self {
        self.time_source = SharedTimeSource::new(time_source);
        self
    }

    /// Where jitter comes from: numbers from 0 to 1.
    #[must_use]
    pub fn chances(mut self, chance: fn() -> f64) -> Self {
        self.chance = chance;
        self
    }

    /// When credentials are renewed ahead of their expiry, by their lifetime and a number from 0 to 1 that is
    /// drawn for each fetch. Only the advisory window is asked for; the mandatory one is that of [`Windows::of`].
    #[must_use]
    pub fn windows(mut self, windows: fn(Duration, f64) -> Windows) -> Self {
        self.windows = windows;
        self
    }

    /// The cache in front of `source`.
    #[must_use]
    pub fn build(self, source: impl ProvideCredentials + 'static) -> FileCache {
        FileCache {
            settings: self,
            source: SharedCredentialsProvider::new(source),
        }
    }

    /// The credentials in the file if nothing needs to be renewed yet: one small file is read, for callers whose source
    /// costs something to set up.
    #[must_use]
    pub fn fresh(&self) -> Option<Credentials> {
        let held = self.place().ok()?.read().ok()??.held?;
        let fresh = held.age(self.time_source.now()) == Age::Fresh;
        fresh.then_some(held.credentials)
    }

    /// The credentials in the file, however old.
    pub(super) fn stored(&self) -> Option<Credentials> {
        let held = self.place().ok()?.read().ok()??.held?;
        Some(held.credentials)
    }

    pub(super) fn place(&self) -> Result<Place, Refused> {
        let directory = self.directory.as_deref().ok_or(Refused::NoPlace)?;
        Place::open(directory, &self.key)
    }

    /// How long to wait for others: for a fetch that fails, the pause after it, and the next one.
    pub(super) fn patience(&self) -> Duration {
        2 * self.limit + SHORT_PATIENCE + MARGIN
    }

    pub(super) fn chance(&self) -> f64 {
        (self.chance)()
    }

    pub(super) fn windows_of(&self, lifetime: Duration, chance: f64) -> Windows {
        (self.windows)(lifetime, chance)
    }
}

/// Whatever the environment names, or the user's cache directory.
fn usual_directory() -> Option<PathBuf> {
    let named = std::env::var_os(DIRECTORY).filter(|name| !name.is_empty());
    named.map(PathBuf::from).or_else(|| {
        let caches = dirs::cache_dir()?;
        Some(caches.join("awscreds-bench/credentials"))
    })
}

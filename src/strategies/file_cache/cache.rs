//! The cache as a provider: from what the file says to credentials for a caller.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::decision::{Decision, Freshness, decide};
use super::entry::{Entry, Failure, URGENT_RETRY_AFTER};
use super::key::CacheKey;
use super::settings::FileCacheBuilder;
use super::store::{Lock, Store};
use crate::clock;
use crate::error_text::error_text;
use crate::strategies::lease::{Age, Lease, since};
use crate::strategies::renew::Renew;

/// First and longest pause between two looks at a file that somebody else is renewing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));

/// A provider whose credentials are shared, through a file, by all processes of this user that use the same key.
///
/// As [`ProvideCredentials`] it serves a process that wants credentials now: those of the file, unless it is time to
/// renew them. Early on (the advisory window of [`Windows`](crate::strategies::Windows)) one process renews while the others go
/// on; when they are about to expire the others wait for it. As [`Renew`] it serves a process that lives
/// long and holds credentials itself: it gets the file's if they are newer than its own, and fresh ones otherwise.
///
/// Where the source fails, what the file holds is still handed out, even past its expiry, and the source is left
/// alone for a while by all processes together. Where the file cannot be used, the source is asked as if there were
/// no cache. [`resolve`](Self::resolve) tells what happened; the traits only log it.
///
/// It needs Tokio's timers. The wall clock decides about expiry, since that is what processes share.
///
/// ```
/// use awscreds_bench::strategies::{CacheKey, FileCache};
/// use aws_config::imds::credentials::ImdsCredentialsProvider;
/// use aws_credential_types::provider::ProvideCredentials;
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// // Everything that decides whose credentials they are.
/// let key = CacheKey::of([("source", "imds"), ("host", "web-1")]);
/// let cache = FileCache::builder(key).build(ImdsCredentialsProvider::builder().build());
///
/// let credentials = cache.provide_credentials().await?; // 3 requests; from the next process on, none
///
/// let config = aws_config::defaults(aws_config::BehaviorVersion::latest())
///     .region("eu-west-1")
///     .credentials_provider(cache)
///     .load()
///     .await;
/// let s3 = aws_sdk_s3::Client::new(&config);
/// # let _ = (credentials, s3);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct FileCache {
    settings: FileCacheBuilder,
    source: SharedCredentialsProvider,
}

/// Credentials, and how they were come by.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub credentials: Credentials,
    pub lookup: CacheLookup,
    /// What the user should know, in the order in which it happened.
    pub notices: Vec<Notice>,
}

/// How credentials were come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CacheLookup {
    /// They were in the file.
    Hit,
    /// Another process was fetching them, and this one waited for it.
    Wait,
    /// This process fetched them from the source.
    Load,
}

/// Something that went another way than it should.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Notice {
    #[error("the credentials cache is not used: {0}")]
    Unused(String),
    #[error("the credentials could not be cached: {0}")]
    NotKept(String),
    #[error(
        "the clock was set back since the cached credentials were fetched; they are not believed, and renewed"
    )]
    ClockSetBack,
    #[error(
        "cached credentials that {} are used, since the source fails: {message}",
        if *.expired { "have expired" } else { "are about to expire" }
    )]
    Stale { expired: bool, message: String },
    #[error(
        "whoever renews the cached credentials has not ended within {0:?}; the source is asked directly"
    )]
    Stuck(Duration),
}

impl Notice {
    /// For credentials of this age, which are used although the source has failed with `message`.
    pub(super) fn stale(age: Option<Age>, message: &str) -> Self {
        Self::Stale {
            expired: age == Some(Age::Expired),
            message: message.to_owned(),
        }
    }
}

/// What a caller gets; the notices go beside it.
type Found = Result<(Credentials, CacheLookup), CredentialsError>;

/// What a caller is to do after looking at the file.
enum CallerStep {
    Use(Lease, CacheLookup),
    /// The source fails, with this message.
    Fail(String),
    /// This caller is the one to ask the source; the entry is what the lock found.
    Fetch(Lock, Entry),
    /// The file cannot be used, for this reason; the entry is what could be read of it.
    Bypass(Notice, Entry),
}

impl FileCacheBuilder {
    /// The cache in front of `source`.
    #[must_use]
    pub fn build(self, source: impl ProvideCredentials + 'static) -> FileCache {
        FileCache {
            settings: self,
            source: SharedCredentialsProvider::new(source),
        }
    }
}

impl FileCache {
    /// A cache under `key` in the usual place, to be adjusted.
    #[must_use]
    pub fn builder(key: CacheKey) -> FileCacheBuilder {
        FileCacheBuilder::new(key)
    }

    /// Credentials to use now, and how they were come by.
    ///
    /// # Errors
    ///
    /// The source's own, or one that tells of the failure that another process met a moment ago.
    pub async fn resolve(&self) -> Result<Resolved, CredentialsError> {
        self.fulfil(Freshness::Usable).await
    }

    async fn fulfil(&self, wanted: Freshness<'_>) -> Result<Resolved, CredentialsError> {
        let mut notices = Vec::new();
        let (credentials, lookup) = self.find(wanted, &mut notices).await?;
        Ok(Resolved {
            credentials,
            lookup,
            notices,
        })
    }

    async fn find(&self, wanted: Freshness<'_>, notices: &mut Vec<Notice>) -> Found {
        let step = match self.settings.store() {
            Ok(store) => {
                let patience = self.settings.patience();
                let consulted = self.consult(&store, wanted, notices);
                let consulted = tokio::time::timeout(patience, consulted).await;
                consulted.unwrap_or_else(|_| {
                    let entry = store.read().ok().flatten().unwrap_or_default();
                    CallerStep::Bypass(Notice::Stuck(patience), entry)
                })
            }
            Err(why) => CallerStep::Bypass(Notice::Unused(why), Entry::default()),
        };
        match step {
            CallerStep::Use(lease, lookup) => Ok((lease.credentials, lookup)),
            CallerStep::Fail(message) => {
                let remembered = format!("the source has just failed: {message}");
                Err(CredentialsError::provider_error(remembered))
            }
            CallerStep::Fetch(lock, entry) => {
                self.fetch_and_keep(lock, entry, wanted, notices).await
            }
            CallerStep::Bypass(notice, entry) => {
                *notices = vec![notice];
                let fetched = self.fetch().await;
                fetched.or_else(|error| instead(entry, wanted, clock::wall(), error, notices))
            }
        }
    }

    /// Looks at the file until it has an answer, or until it is this caller's turn to ask the source.
    async fn consult(
        &self,
        store: &Store,
        wanted: Freshness<'_>,
        notices: &mut Vec<Notice>,
    ) -> CallerStep {
        let asked = clock::wall();
        let (mut lock, mut lookup, mut pause) = (None, CacheLookup::Hit, PAUSES.0);
        loop {
            let now = clock::wall();
            let entry = match store.read() {
                Ok(entry) => entry.unwrap_or_default(),
                Err(why) => return CallerStep::Bypass(Notice::Unused(why), Entry::default()),
            };
            if entry.is_from_the_future(now) && !notices.contains(&Notice::ClockSetBack) {
                notices.push(Notice::ClockSetBack);
            }
            let decision = decide(&entry, wanted, asked, now);
            match (decision, entry.lease.clone()) {
                (Decision::Take, Some(lease)) => return CallerStep::Use(lease, lookup),
                (Decision::TakeStale(message), Some(lease)) => {
                    notices.push(Notice::stale(entry.age(now), message));
                    return CallerStep::Use(lease, lookup);
                }
                (Decision::GiveUp(message), _) => return CallerStep::Fail(message.to_owned()),
                (Decision::NotBefore(until), _) => {
                    lock = None;
                    tokio::time::sleep(since(now, until).min(URGENT_RETRY_AFTER)).await;
                }
                (_, lease) => {
                    if let Some(lock) = lock.take() {
                        return CallerStep::Fetch(lock, entry);
                    }
                    let meanwhile = lease.filter(|_| decision == Decision::TakeOrRenew);
                    match (store.try_lock(), meanwhile) {
                        // Somebody may have renewed between the look and the lock: look again.
                        (Ok(Some(mine)), _) => lock = Some(mine),
                        (Ok(None), Some(lease)) => return CallerStep::Use(lease, lookup),
                        (Ok(None), None) => {
                            lookup = CacheLookup::Wait;
                            tokio::time::sleep(pause).await;
                            pause = (pause * 2).min(PAUSES.1);
                        }
                        (Err(why), Some(lease)) => {
                            notices.push(Notice::NotKept(why));
                            return CallerStep::Use(lease, lookup);
                        }
                        (Err(why), None) => return CallerStep::Bypass(Notice::Unused(why), entry),
                    }
                }
            }
        }
    }

    /// Asks the source, and keeps what it says.
    async fn fetch_and_keep(
        &self,
        lock: Lock,
        entry: Entry,
        wanted: Freshness<'_>,
        notices: &mut Vec<Notice>,
    ) -> Found {
        let began_at = clock::wall();
        let fetched = self.fetch().await;
        let now = clock::wall();
        let chance = rand::random();
        let failed = |message| Entry {
            failure: Some(Failure::new(began_at, now, entry.age(now), message, chance)),
            lease: entry.lease.clone(),
        };
        match fetched {
            Ok(found) if found.0.expiry().is_some_and(|expiry| expiry <= now) => {
                // As metadata does that has lost its own source. Asking again at once would not help.
                let message = "what it hands out has expired";
                let _ = keep(lock, failed(message.to_owned())).await;
                notices.push(Notice::stale(Some(Age::Expired), message));
                Ok(found)
            }
            Ok(found) => {
                let advisory = |lifetime| (self.settings.advisory)(lifetime, chance);
                // Without an expiry there is no telling how long they may be kept.
                if let Some(entry) = Entry::fetched(found.0.clone(), now, advisory) {
                    let kept = keep(lock, entry).await;
                    notices.extend(kept.err().map(|error| Notice::NotKept(error.to_string())));
                }
                Ok(found)
            }
            Err(error) => {
                // Those who read it do not know what this process has fetched. Where it cannot be written down, they
                // will find out for themselves.
                let message = (self.settings.disclosed)(&error_text(&error));
                let _ = keep(lock, failed(message)).await;
                instead(entry, wanted, now, error, notices)
            }
        }
    }

    async fn fetch(&self) -> Found {
        let limit = self.settings.limit;
        let fetched = tokio::time::timeout(limit, self.source.provide_credentials()).await;
        let fetched = fetched.map_err(|_| CredentialsError::provider_timed_out(limit))?;
        Ok((fetched?, CacheLookup::Load))
    }
}

impl ProvideCredentials for FileCache {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async { self.resolve().await.map(Resolved::logged) })
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        Some(self.settings.read()?.lease?.credentials)
    }
}

impl Renew for FileCache {
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new(async move {
            let resolved = self.fulfil(Freshness::NewerThan(held)).await;
            resolved.map(Resolved::logged)
        })
    }
}

impl Resolved {
    /// The credentials, once the notices are in the log.
    fn logged(self) -> Credentials {
        for notice in &self.notices {
            tracing::warn!("{notice}");
        }
        self.credentials
    }
}

/// What is handed out where the source fails: what the file holds, or else the failure. A caller that has
/// credentials of its own keeps those, unless the file's are good for longer.
fn instead(
    entry: Entry,
    wanted: Freshness<'_>,
    now: SystemTime,
    error: CredentialsError,
    notices: &mut Vec<Notice>,
) -> Found {
    let age = entry.age(now);
    let better = |lease: &Lease| match wanted {
        Freshness::NewerThan(Some(given)) => given.expiry().is_some() && lease.outlasts(given),
        Freshness::NewerThan(None) | Freshness::Usable => true,
    };
    let Some(lease) = entry.lease.filter(better) else {
        return Err(error);
    };
    if !age.is_some_and(Age::is_good) {
        notices.push(Notice::stale(age, &error_text(&error)));
    }
    Ok((lease.credentials, CacheLookup::Hit))
}

/// Writes `entry` and gives the lock back. Off the executor's threads, since a disk may take its time; and to its end,
/// even if nobody waits for it any more.
async fn keep(lock: Lock, entry: Entry) -> std::io::Result<()> {
    let written = tokio::task::spawn_blocking(move || lock.replace(&entry));
    written.await.unwrap_or_else(|error| Err(error.into()))
}

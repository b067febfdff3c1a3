//! Credentials shared by unrelated processes of one user, through a file.
//!
//! A process that starts, needs credentials and ends (PHP, a shell script, a cron job) cannot profit from anything
//! that is held in memory. With a [`FileCache`] one of them asks the source, and the others read what it got:
//! one fetch per expiry, whatever the number of processes.
//!
//! [`entry`] is what a file holds and [`written`] its text, [`mod@look`] what it means to a caller, [`place`] where files
//! are kept and who may have made them, [`lock`] who renews, [`key`] whose credentials a file holds. This room knows no command and no
//! report; what is worth telling goes back to the caller as a [`Notice`].

mod entry;
mod key;
mod lock;
mod look;
mod notice;
mod place;
mod settings;
mod sweep;
mod written;

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as Provided, SharedCredentialsProvider, future,
};

use self::entry::{Age, Entry, Failure, Held};
pub use self::key::CacheKey;
use self::lock::Lock;
use self::look::{Look, Wish, look};
pub use self::notice::Notice;
use self::place::Place;
use self::place::Refused;
pub use self::settings::FileCacheBuilder;
use super::error_text;
use super::renewal::Renew;

/// First and longest pause between two looks at a file that somebody else is renewing.
const PAUSES: (Duration, Duration) = (Duration::from_millis(2), Duration::from_millis(20));

/// A provider whose credentials are shared, through a file, by all processes of this user that use the same key.
///
/// As [`ProvideCredentials`] it serves a process that wants credentials now: those of the file, unless it is time to
/// renew them. Early on (the advisory window of [`Windows`](super::Windows)) one process renews while the others go
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
/// use awscreds_bench::credentials::{CacheKey, FileCache};
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
    pub origin: Origin,
    /// What the user should know, in the order in which it happened.
    pub notices: Vec<Notice>,
}

/// How credentials were come by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// They were in the file.
    File,
    /// Another process was fetching them, and this one waited for it.
    Wait,
    /// This process fetched them from the source.
    Source,
}

/// A failure that somebody else met.
#[derive(Debug, thiserror::Error)]
#[error("the source has just failed: {0}")]
struct Remembered(String);

impl FileCache {
    /// A cache under `key` in the usual place, to be adjusted.
    #[must_use]
    pub fn builder(key: CacheKey) -> FileCacheBuilder {
        FileCacheBuilder::new(key)
    }

    /// Credentials to use now, and how they were come by. The error is the source's own, or tells of the failure
    /// that another process met a moment ago.
    pub async fn resolve(&self) -> Result<Resolved, CredentialsError> {
        self.fulfil(Wish::Usable).await
    }

    async fn fulfil(&self, wish: Wish<'_>) -> Result<Resolved, CredentialsError> {
        let place = match self.settings.place() {
            Ok(place) => place,
            Err(refused) => return self.past_the_cache(refused.into(), None, wish).await,
        };
        let mut notices = Vec::new();
        let patience = self.settings.patience();
        let turn = self.turn(&place, wish, &mut notices);
        match tokio::time::timeout(patience, turn).await {
            Ok(Turn::Answer(answer)) => answer.map(|(credentials, origin)| Resolved {
                credentials,
                origin,
                notices,
            }),
            Ok(Turn::Unused(refused, held)) => {
                self.past_the_cache(refused.into(), held, wish).await
            }
            Ok(Turn::Mine(lock, entry)) => self.renewed(place, lock, entry, wish, notices).await,
            Err(_) => {
                let held = place.read().ok().flatten().and_then(|entry| entry.held);
                self.past_the_cache(Notice::Stuck(patience), held, wish)
                    .await
            }
        }
    }

    /// Looks at the file until it has an answer, or until it is this caller's turn to ask the source.
    async fn turn(&self, place: &Place, wish: Wish<'_>, notices: &mut Vec<Notice>) -> Turn {
        let asked = self.now();
        let (mut lock, mut origin, mut pause) = (None, Origin::File, PAUSES.0);
        loop {
            let now = self.now();
            let entry = match place.read() {
                Ok(entry) => entry.unwrap_or_default(),
                Err(refused) => return Turn::Unused(refused, None),
            };
            if entry.age(now) == Some(Age::Doubtful) && !notices.contains(&Notice::ClockSetBack) {
                notices.push(Notice::ClockSetBack);
            }
            let said = look(&entry, wish, asked, now);
            match (said, &entry.held) {
                (Look::Take, Some(held)) => return Turn::take(held, origin),
                (Look::TakeStale(message), Some(held)) => {
                    notices.push(Notice::stale(held, now, message));
                    return Turn::take(held, origin);
                }
                (Look::GiveUp(message), _) => return Turn::failed(message),
                (Look::NotBefore(until), _) => {
                    lock = None;
                    let wait = until.duration_since(now).unwrap_or_default();
                    tokio::time::sleep(wait.min(entry::SHORT_PATIENCE)).await;
                }
                (Look::Renew | Look::TakeOrRenew | Look::Take | Look::TakeStale(_), held) => {
                    if let Some(lock) = lock.take() {
                        return Turn::Mine(lock, entry);
                    }
                    let meanwhile = held.as_ref().filter(|_| said == Look::TakeOrRenew);
                    match (place.try_lock(), meanwhile) {
                        // Somebody may have renewed between the look and the lock: look again.
                        (Ok(Some(mine)), _) => lock = Some(mine),
                        (Ok(None), Some(held)) => return Turn::take(held, origin),
                        (Ok(None), None) => {
                            origin = Origin::Wait;
                            tokio::time::sleep(pause).await;
                            pause = (pause * 2).min(PAUSES.1);
                        }
                        (Err(refused), Some(held)) => {
                            notices.push(Notice::NotKept(refused.to_string()));
                            return Turn::take(held, origin);
                        }
                        (Err(refused), None) => return Turn::Unused(refused, entry.held),
                    }
                }
            }
        }
    }

    /// Asks the source, and keeps what it says.
    async fn renewed(
        &self,
        place: Place,
        lock: Lock,
        entry: Entry,
        wish: Wish<'_>,
        mut notices: Vec<Notice>,
    ) -> Result<Resolved, CredentialsError> {
        let began_at = self.now();
        let fetched = self.fetch().await;
        let now = self.now();
        let chance = self.settings.chance();
        let failed = |message| Entry {
            failure: Some(Failure::new(began_at, now, entry.age(now), message, chance)),
            held: entry.held.clone(),
        };
        match fetched {
            Ok(credentials) if credentials.expiry().is_some_and(|expiry| expiry <= now) => {
                // As metadata does that has lost its own source. Asking again at once would not help.
                let message = "what it hands out has expired".to_owned();
                let _ = keep(place, lock, failed(message.clone())).await;
                notices.push(Notice::Stale {
                    expired: true,
                    message,
                });
                Ok(Resolved::fetched(credentials, notices))
            }
            Ok(credentials) => {
                let windows = |lifetime| self.settings.windows_of(lifetime, chance);
                // Without an expiry there is no telling how long they may be kept.
                if let Some(held) = Held::new(credentials.clone(), now, windows) {
                    let kept = keep(place, lock, Entry::of(held)).await;
                    notices.extend(kept.err().map(|error| Notice::NotKept(error.to_string())));
                }
                Ok(Resolved::fetched(credentials, notices))
            }
            Err(error) => {
                // Where it cannot be written down, the others will find out for themselves.
                let _ = keep(place, lock, failed(error_text(&error))).await;
                instead(entry.held, wish, now, error, notices)
            }
        }
    }

    /// Asks the source as if there were no cache, for the reason that the notice gives; `held` is what could be
    /// read of it.
    async fn past_the_cache(
        &self,
        notice: Notice,
        held: Option<Held>,
        wish: Wish<'_>,
    ) -> Result<Resolved, CredentialsError> {
        match self.fetch().await {
            Ok(credentials) => Ok(Resolved::fetched(credentials, vec![notice])),
            Err(error) => instead(held, wish, self.now(), error, vec![notice]),
        }
    }

    async fn fetch(&self) -> Provided {
        let limit = self.settings.limit;
        tokio::time::timeout(limit, self.source.provide_credentials())
            .await
            .unwrap_or_else(|_| Err(CredentialsError::provider_timed_out(limit)))
    }

    fn now(&self) -> SystemTime {
        self.settings.time_source.now()
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
        self.settings.stored()
    }
}

impl Renew for FileCache {
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new(async move {
            let resolved = self.fulfil(Wish::Newer(held)).await;
            resolved.map(Resolved::logged)
        })
    }
}

impl Resolved {
    fn fetched(credentials: Credentials, notices: Vec<Notice>) -> Self {
        Self {
            credentials,
            origin: Origin::Source,
            notices,
        }
    }

    /// The credentials, once the notices are in the log.
    fn logged(self) -> Credentials {
        for notice in &self.notices {
            tracing::warn!("{notice}");
        }
        self.credentials
    }
}

/// What comes of looking at a file.
enum Turn {
    Answer(Result<(Credentials, Origin), CredentialsError>),
    /// This caller is the one to ask the source; the entry is what the lock found.
    Mine(Lock, Entry),
    Unused(Refused, Option<Held>),
}

impl Turn {
    fn take(held: &Held, origin: Origin) -> Self {
        Self::Answer(Ok((held.credentials.clone(), origin)))
    }

    fn failed(message: &str) -> Self {
        let remembered = Remembered(message.to_owned());
        Self::Answer(Err(CredentialsError::provider_error(remembered)))
    }
}

/// What is handed out where the source fails: what the file holds, or else the failure. A caller that has
/// credentials of its own keeps those, unless the file's are good for longer.
fn instead(
    held: Option<Held>,
    wish: Wish<'_>,
    now: SystemTime,
    error: CredentialsError,
    mut notices: Vec<Notice>,
) -> Result<Resolved, CredentialsError> {
    let better = |held: &Held| match wish {
        Wish::Newer(Some(given)) => given.expiry().is_some_and(|given| held.expires_at > given),
        Wish::Newer(None) | Wish::Usable => true,
    };
    let Some(held) = held.filter(better) else {
        return Err(error);
    };
    if !matches!(held.age(now), Age::Fresh | Age::Early) {
        notices.push(Notice::stale(&held, now, &error_text(&error)));
    }
    Ok(Resolved {
        credentials: held.credentials,
        origin: Origin::File,
        notices,
    })
}

/// Writes `entry` and gives the lock back. Off the executor's threads, since a disk may take its time; and to its end,
/// even if nobody waits for it any more.
async fn keep(place: Place, lock: Lock, entry: Entry) -> std::io::Result<()> {
    let written = tokio::task::spawn_blocking(move || place.replace(&lock, &entry));
    written.await.unwrap_or_else(|error| Err(error.into()))
}

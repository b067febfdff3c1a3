//! What the strategies share: held credentials, one fetch at a time, and what becomes of its result.
//!
//! A fetch runs in a task of its own, so that a call which is given up on does not take with it what other
//! calls wait for. Calls read the held credentials without a lock.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials;
use aws_smithy_async::rt::sleep::AsyncSleep;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;

use super::backoff::{self, Backoff};
use super::held::{Held, Urgency, since};
use super::options::Options;
use super::renew::Renew;
use super::windows::Windows;

/// The background never sleeps longer than this without looking at the clock: a suspended machine's timers
/// stand still while its credentials age.
const LONGEST_NAP: Duration = Duration::from_secs(5 * 60);

/// Who begins a renewal in the advisory window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// The first call in it; the call itself goes on.
    Call,
    /// [`Keeper::run`].
    Background,
}

/// Held credentials and their renewal. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Keeper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Box<dyn Renew>,
    options: Options,
    begins: Begins,
    backoff: fn(Windows) -> Backoff,
    held: ArcSwapOption<Held>,
    attempts: Mutex<Attempts>,
    /// Fetches that have ended.
    ended: watch::Sender<u64>,
}

#[derive(Debug)]
struct Attempts {
    in_flight: bool,
    begun: SystemTime,
    /// No fetch begins earlier.
    not_before: SystemTime,
    /// Fetches in a row that brought nothing new, and since when there were such.
    fruitless: u32,
    trouble_since: Option<SystemTime>,
    /// Why the last fetch failed, if it did.
    error: Option<Arc<CredentialsError>>,
    random: SmallRng,
}

/// What a call does.
enum Step {
    Use(Arc<Held>),
    Wait(watch::Receiver<u64>),
    Fail(CredentialsError),
}

impl Keeper {
    /// Nothing is fetched yet. `backoff` says how long to wait after a fetch that brought nothing new.
    pub fn new(
        source: Box<dyn Renew>,
        options: Options,
        begins: Begins,
        backoff: fn(Windows) -> Backoff,
    ) -> Self {
        let random = match options.seed {
            Some(seed) => SmallRng::seed_from_u64(seed),
            None => SmallRng::from_os_rng(),
        };
        let attempts = Attempts {
            in_flight: false,
            begun: SystemTime::UNIX_EPOCH,
            not_before: SystemTime::UNIX_EPOCH,
            fruitless: 0,
            trouble_since: None,
            error: None,
            random,
        };
        Self(Arc::new(Shared {
            source,
            options,
            begins,
            backoff,
            held: ArcSwapOption::empty(),
            attempts: Mutex::new(attempts),
            ended: watch::Sender::new(0),
        }))
    }

    /// Credentials for a call.
    pub fn provide(&self) -> ProvideCredentials<'_> {
        let now = self.now();
        if let Some(held) = &*self.0.held.load()
            && held.urgency(now) == Urgency::None
        {
            return ProvideCredentials::ready(Ok(held.credentials.clone()));
        }
        match self.step(now) {
            Step::Use(held) => ProvideCredentials::ready(Ok(held.credentials.clone())),
            Step::Fail(error) => ProvideCredentials::ready(Err(error)),
            Step::Wait(ended) => ProvideCredentials::new(async move {
                self.fetched(ended).await;
                self.outcome().map(|held| held.credentials.clone())
            }),
        }
    }

    /// Fetches now, unless valid credentials are held.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.provide().await.map(|_| ())
    }

    /// The service refused the credentials with this access key ID: if they are the held ones, others are fetched
    /// at once, and calls wait for them.
    pub fn refuse(&self, access_key_id: &str) {
        let mut attempts = self.attempts();
        let Some(held) = self.0.held.load_full() else {
            return;
        };
        let now = self.now();
        if held.credentials.access_key_id() == access_key_id && held.valid(now) {
            self.0.held.store(Some(Arc::new(held.refused())));
            self.fetch(&mut attempts);
        }
    }

    /// Renews in the background until `until` completes. Without it, calls wait in the mandatory window.
    pub async fn run(&self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        loop {
            let nap = self.until_next(self.now()).min(LONGEST_NAP);
            tokio::select! {
                biased;
                () = &mut until => return,
                () = self.0.options.sleep.sleep(nap) => (),
            }
            if !self.until_next(self.now()).is_zero() {
                continue;
            }
            let ended = self.fetch(&mut self.attempts());
            tokio::select! {
                biased;
                () = &mut until => return,
                () = self.fetched(ended) => (),
            }
        }
    }

    /// When a call will next do more than read what is held; `None` if it would now.
    pub fn quiet_until(&self) -> Option<SystemTime> {
        let held = self.0.held.load();
        let quiet = held
            .as_ref()
            .filter(|held| held.urgency(self.now()) == Urgency::None);
        quiet.and_then(|held| held.renew_from())
    }

    fn now(&self) -> SystemTime {
        self.0.options.time_source.now()
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        let attempts = self.0.attempts.lock();
        attempts.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call at `now` does; begins a fetch if one is due.
    fn step(&self, now: SystemTime) -> Step {
        let mut attempts = self.attempts();
        let held = self.0.held.load_full();
        let urgency = held
            .as_ref()
            .map_or(Urgency::Wait, |held| held.urgency(now));
        let idle = !attempts.in_flight;
        let due = idle && now >= attempts.not_before;
        match (urgency, held) {
            (Urgency::Wait, held) if idle && !due => match held {
                Some(held) => Step::Use(held),
                None => Step::Fail(shared(attempts.error.as_ref())),
            },
            (Urgency::Wait, _) | (_, None) => Step::Wait(self.fetch(&mut attempts)),
            (Urgency::Renew, Some(held)) => {
                if due && self.0.begins == Begins::Call {
                    self.fetch(&mut attempts);
                }
                Step::Use(held)
            }
            (Urgency::None, Some(held)) => Step::Use(held),
        }
    }

    /// How long the background has nothing to do. Once calls have to wait, it leaves the next fetch to them:
    /// where there are calls it need not try as well.
    fn until_next(&self, now: SystemTime) -> Duration {
        let attempts = self.attempts();
        let held = self.0.held.load();
        let Some(held) = held.as_ref() else {
            return since(now, attempts.not_before);
        };
        if !held.valid(now) {
            return since(now, attempts.not_before + backoff::LONGEST_GAP);
        }
        held.renew_from().map_or(Duration::MAX, |from| {
            since(now, from.max(attempts.not_before))
        })
    }

    /// Begins a fetch unless one is under way; what is returned changes when it ends.
    fn fetch(&self, attempts: &mut Attempts) -> watch::Receiver<u64> {
        let ended = self.0.ended.subscribe();
        if attempts.in_flight {
            return ended;
        }
        attempts.in_flight = true;
        attempts.begun = self.now();
        tokio::spawn(Fetching::new(self.clone()).work());
        ended
    }

    async fn renewed(&self, held: Option<&Held>) -> Result<Credentials, CredentialsError> {
        let shared = &*self.0;
        let limit = shared.options.fetch_timeout;
        tokio::select! {
            biased;
            result = shared.source.renew(held.map(|held| &held.credentials)) => result,
            () = shared.options.sleep.sleep(limit) => Err(CredentialsError::provider_timed_out(limit)),
        }
    }

    async fn fetched(&self, mut ended: watch::Receiver<u64>) {
        // The sender lives as long as `self`.
        let _ = ended.changed().await;
    }

    /// What a call that waited gets: the new credentials or, after a failure, the last good ones.
    fn outcome(&self) -> Result<Arc<Held>, CredentialsError> {
        let attempts = self.attempts();
        let held = self.0.held.load_full();
        held.ok_or_else(|| shared(attempts.error.as_ref()))
    }

    fn end(&self, result: Result<Credentials, CredentialsError>) {
        let now = self.now();
        let mut attempts = self.attempts();
        attempts.in_flight = false;
        let held = self.0.held.load_full();
        match result {
            Ok(new) if held.as_ref().is_none_or(|held| held.differs(&new)) => {
                let new = Held::fetched(new, now, self.0.options.windows, attempts.random.random());
                attempts.fruitless = 0;
                attempts.trouble_since = None;
                attempts.error = None;
                // Credentials that are old when they come must not be asked for again at once.
                attempts.not_before = match new.urgency(now) {
                    Urgency::None => now,
                    _ => self.next_try(&mut attempts, Some(&new), now),
                };
                self.0.held.store(Some(Arc::new(new)));
            }
            fruitless => {
                attempts.error = fruitless.err().map(Arc::new);
                attempts.not_before = self.next_try(&mut attempts, held.as_deref(), now);
            }
        }
        drop(attempts);
        self.0.ended.send_modify(|ended| *ended += 1);
    }

    /// When to try again after a fetch that brought nothing new.
    fn next_try(
        &self,
        attempts: &mut Attempts,
        held: Option<&Held>,
        now: SystemTime,
    ) -> SystemTime {
        attempts.fruitless += 1;
        let trouble = since(*attempts.trouble_since.get_or_insert(attempts.begun), now);
        let chance = attempts.random.random();
        let Some(held) = held.filter(|held| held.valid(now)) else {
            let took = since(attempts.begun, now);
            return attempts.begun + backoff::gap(trouble, took, chance);
        };
        // A source that has no new credentials yet is well, and worth asking again.
        let backoff = match attempts.error {
            Some(_) => (self.0.backoff)(held.windows),
            None => Backoff::doubling(held.windows),
        };
        let next = now + backoff.wait(attempts.fruitless, chance);
        let boundary = held.next_boundary(now).unwrap_or(next);
        backoff.before(boundary, now, next)
    }
}

/// A fetch under way; however it ends, those who wait for it are told.
struct Fetching {
    keeper: Keeper,
    result: Option<Result<Credentials, CredentialsError>>,
}

impl Fetching {
    fn new(keeper: Keeper) -> Self {
        Self {
            keeper,
            result: None,
        }
    }

    async fn work(mut self) {
        let held = self.keeper.0.held.load_full();
        let result = self.keeper.renewed(held.as_deref()).await;
        self.result = Some(result);
    }
}

impl Drop for Fetching {
    fn drop(&mut self) {
        let abandoned = || Err(CredentialsError::unhandled("the fetch was abandoned"));
        self.keeper
            .end(self.result.take().unwrap_or_else(abandoned));
    }
}

/// An error that several calls get.
fn shared(error: Option<&Arc<CredentialsError>>) -> CredentialsError {
    match error {
        Some(error) => CredentialsError::provider_error(Arc::clone(error)),
        None => CredentialsError::unhandled("no credentials have been fetched"),
    }
}

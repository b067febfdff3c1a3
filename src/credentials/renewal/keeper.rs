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
use tokio::sync::watch;

use super::backoff::{self, Backoff};
use super::fetching::Attempts;
use super::held::{Held, Urgency, since};
use super::options::Options;
use super::renew::Renew;
use super::windows::Windows;

/// The background never sleeps longer than this without looking at the clock: a suspended machine's timers
/// stand still while its credentials age.
const LONGEST_NAP: Duration = Duration::from_mins(5);

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
pub(super) struct Keeper(pub(super) Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    pub source: Box<dyn Renew>,
    pub options: Options,
    begins: Begins,
    pub backoff: fn(Windows) -> Backoff,
    pub held: ArcSwapOption<Held>,
    attempts: Mutex<Attempts>,
    /// Fetches that have ended.
    pub ended: watch::Sender<u64>,
}

/// What a call does next.
enum Step {
    Use(Arc<Held>),
    Fail(CredentialsError),
    /// Waits for the fetch under way to end.
    Join(watch::Receiver<u64>),
    /// Waits until the next fetch may begin.
    Pause(Duration),
}

impl Keeper {
    /// Nothing is fetched yet. `backoff` says how long to wait after a fetch that brought nothing new.
    pub fn new(
        source: Box<dyn Renew>,
        options: Options,
        begins: Begins,
        backoff: fn(Windows) -> Backoff,
    ) -> Self {
        let attempts = Attempts::none(options.seed);
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
            step => ProvideCredentials::new(self.wait(step, now + self.0.options.patience)),
        }
    }

    /// What a call that cannot have its credentials at once gets: the new ones or, after a failure, the last
    /// good ones. Credentials that the service has refused are handed out as a last resort, at `limit`.
    async fn wait(
        &self,
        mut step: Step,
        limit: SystemTime,
    ) -> Result<Credentials, CredentialsError> {
        loop {
            match step {
                Step::Use(held) => return Ok(held.credentials.clone()),
                Step::Fail(error) => return Err(error),
                Step::Pause(pause) => self.0.options.sleep.sleep(pause).await,
                Step::Join(ended) => self.ended(ended).await,
            }
            let held = self.0.held.load_full();
            match held {
                Some(held) if !held.is_refused() || self.now() >= limit => {
                    return Ok(held.credentials.clone());
                }
                Some(_) => step = self.step(self.now()),
                None => return Err(shared(self.attempts().error.as_ref())),
            }
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
        if held.credentials.access_key_id() != access_key_id || held.is_refused() {
            return;
        }
        if held.valid(now) || now >= attempts.not_before {
            self.fetch(&mut attempts);
        }
        self.0.held.store(Some(Arc::new(held.refused())));
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
                () = self.ended(ended) => (),
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

    pub(super) fn now(&self) -> SystemTime {
        self.0.options.time_source.now()
    }

    pub(super) fn attempts(&self) -> MutexGuard<'_, Attempts> {
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
                Some(held) if held.is_refused() => Step::Pause(since(now, attempts.not_before)),
                Some(held) => Step::Use(held),
                None => Step::Fail(shared(attempts.error.as_ref())),
            },
            (Urgency::Wait, _) | (_, None) => Step::Join(self.fetch(&mut attempts)),
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

    async fn ended(&self, mut ended: watch::Receiver<u64>) {
        // The sender lives as long as `self`.
        let _ = ended.changed().await;
    }
}

/// An error that several calls get.
fn shared(error: Option<&Arc<CredentialsError>>) -> CredentialsError {
    match error {
        Some(error) => CredentialsError::provider_error(Arc::clone(error)),
        None => CredentialsError::unhandled("no credentials have been fetched"),
    }
}

#[cfg(test)]
mod tests;

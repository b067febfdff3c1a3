//! What the strategies share: current credentials, one fetch at a time, and what becomes of its result.
//!
//! A fetch runs in a task of its own, so that a call which is given up on does not take with it what other
//! calls wait for. Calls read the current credentials without a lock.

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

use super::attempts::Attempts;
use super::backoff::{self, Backoff};
use super::current::Current;
use super::options::Options;
use crate::strategies::lease::{Age, since};
use crate::strategies::renew::Renew;
use crate::strategies::windows::Windows;

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

/// Current credentials and their renewal. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Keeper(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Box<dyn Renew>,
    options: Options,
    begins: Begins,
    current: ArcSwapOption<Current>,
    attempts: Mutex<Attempts>,
    /// Fetches that have ended.
    ended: watch::Sender<u64>,
}

/// What a call does next.
enum CallStep {
    Use(Arc<Current>),
    Fail(CredentialsError),
    /// Waits for the fetch under way to end.
    Join(watch::Receiver<u64>),
    /// Waits until the next fetch may begin.
    Pause(Duration),
}

impl Keeper {
    /// Nothing is fetched yet. `backoff` says how long to wait after a fetch that failed.
    pub fn new(
        source: impl Renew + 'static,
        options: Options,
        begins: Begins,
        backoff: fn(Windows) -> Backoff,
    ) -> Self {
        Self(Arc::new(Shared {
            source: Box::new(source),
            attempts: Mutex::new(Attempts::none(backoff, options.seed)),
            options,
            begins,
            current: ArcSwapOption::empty(),
            ended: watch::Sender::new(0),
        }))
    }

    /// Credentials for a call.
    pub fn provide(&self) -> ProvideCredentials<'_> {
        let now = self.now();
        if let Some(current) = &*self.0.current.load()
            && current.age(now) == Age::Fresh
        {
            return ProvideCredentials::ready(Ok(current.credentials()));
        }
        match self.step(now) {
            CallStep::Use(current) => ProvideCredentials::ready(Ok(current.credentials())),
            CallStep::Fail(error) => ProvideCredentials::ready(Err(error)),
            step => ProvideCredentials::new(self.wait(step, now + self.0.options.patience)),
        }
    }

    /// What a call that cannot have its credentials at once gets: the new ones or, after a failure, the last
    /// good ones. Credentials that the service has refused are handed out as a last resort, at `limit`.
    async fn wait(
        &self,
        mut step: CallStep,
        limit: SystemTime,
    ) -> Result<Credentials, CredentialsError> {
        loop {
            match step {
                CallStep::Use(current) => return Ok(current.credentials()),
                CallStep::Fail(error) => return Err(error),
                CallStep::Pause(pause) => self.0.options.sleep.sleep(pause).await,
                CallStep::Join(ended) => self.ended(ended).await,
            }
            match self.0.current.load_full() {
                Some(current) if !current.refused || self.now() >= limit => {
                    return Ok(current.credentials());
                }
                Some(_) => step = self.step(self.now()),
                None => return Err(self.attempts().error()),
            }
        }
    }

    /// The service refused the credentials with this access key ID: if they are the current ones, others are
    /// fetched at once, and calls wait for them.
    pub fn refuse(&self, access_key_id: &str) {
        let mut attempts = self.attempts();
        let Some(current) = self.0.current.load_full() else {
            return;
        };
        let now = self.now();
        if current.lease.credentials.access_key_id() != access_key_id || current.refused {
            return;
        }
        if current.valid(now) || now >= attempts.not_before {
            self.fetch(&mut attempts);
        }
        self.0.current.store(Some(Arc::new(current.refused())));
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

    /// When a call will next do more than read the current credentials; `None` if it would now.
    pub fn quiet_until(&self) -> Option<SystemTime> {
        let current = self.0.current.load();
        let current = current.as_ref()?;
        let fresh = current.age(self.now()) == Age::Fresh;
        current.lease.renew_at.filter(|_| fresh)
    }

    fn now(&self) -> SystemTime {
        self.0.options.time_source.now()
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        let attempts = self.0.attempts.lock();
        attempts.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call at `now` does; begins a fetch if one is due.
    fn step(&self, now: SystemTime) -> CallStep {
        let mut attempts = self.attempts();
        let idle = !attempts.in_flight;
        let due = idle && now >= attempts.not_before;
        let current = self.0.current.load_full();
        match current.map(|current| (current.age(now), current)) {
            Some((Age::Fresh, current)) => CallStep::Use(current),
            Some((Age::Early, current)) => {
                if due && self.0.begins == Begins::Call {
                    self.fetch(&mut attempts);
                }
                CallStep::Use(current)
            }
            _ if due || !idle => CallStep::Join(self.fetch(&mut attempts)),
            Some((_, current)) if current.refused => {
                CallStep::Pause(since(now, attempts.not_before))
            }
            Some((_, current)) => CallStep::Use(current),
            None => CallStep::Fail(attempts.error()),
        }
    }

    /// How long the background has nothing to do. Once calls have to wait, it leaves the next fetch to them:
    /// where there are calls it need not try as well.
    fn until_next(&self, now: SystemTime) -> Duration {
        let attempts = self.attempts();
        let current = self.0.current.load();
        let Some(current) = current.as_ref() else {
            return since(now, attempts.not_before);
        };
        if !current.valid(now) {
            return since(now, attempts.not_before + backoff::LONGEST_GAP);
        }
        current.lease.renew_at.map_or(Duration::MAX, |from| {
            since(now, from.max(attempts.not_before))
        })
    }

    async fn ended(&self, mut ended: watch::Receiver<u64>) {
        // The sender lives as long as `self`.
        let _ = ended.changed().await;
    }

    /// Begins a fetch unless one is under way; what is returned changes when it ends.
    fn fetch(&self, attempts: &mut Attempts) -> watch::Receiver<u64> {
        let ended = self.0.ended.subscribe();
        if !attempts.in_flight {
            attempts.begin(self.now());
            let fetch = Fetch {
                keeper: self.clone(),
                result: None,
            };
            tokio::spawn(fetch.run());
        }
        ended
    }

    /// Asks the source, within the time limit.
    async fn renew(&self) -> Result<Credentials, CredentialsError> {
        let Shared {
            source, options, ..
        } = &*self.0;
        let current = self.0.current.load_full();
        let limit = options.fetch_timeout;
        tokio::select! {
            biased;
            result = source.renew(current.as_ref().map(|current| &current.lease.credentials)) => result,
            () = options.sleep.sleep(limit) => Err(CredentialsError::provider_timed_out(limit)),
        }
    }

    fn end(&self, result: Result<Credentials, CredentialsError>) {
        let now = self.now();
        let mut attempts = self.attempts();
        let current = self.0.current.load_full();
        match result {
            Ok(new) if current.as_ref().is_none_or(|current| current.differs(&new)) => {
                let chance = attempts.chance();
                let new = Current::fetched(new, now, self.0.options.windows, chance);
                attempts.succeeded(&new, now);
                self.0.current.store(Some(Arc::new(new)));
            }
            fruitless => attempts.fruitless(fruitless.err(), current.as_deref(), now),
        }
        drop(attempts);
        self.0.ended.send_modify(|ended| *ended += 1);
    }
}

/// A fetch under way; however it ends, those who wait for it are told.
struct Fetch {
    keeper: Keeper,
    result: Option<Result<Credentials, CredentialsError>>,
}

impl Fetch {
    async fn run(mut self) {
        self.result = Some(self.keeper.renew().await);
    }
}

impl Drop for Fetch {
    fn drop(&mut self) {
        let abandoned = || Err(CredentialsError::unhandled("the fetch was abandoned"));
        let result = self.result.take().unwrap_or_else(abandoned);
        self.keeper.end(result);
    }
}

#[cfg(test)]
mod tests;

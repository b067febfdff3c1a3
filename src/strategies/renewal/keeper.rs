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
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use tokio::sync::watch;

use super::attempts::Attempts;
use super::backoff::{self, Backoff};
use super::current::Current;
use crate::strategies::lease::{Age, since};
use crate::strategies::renew::Renew;
use crate::strategies::windows::Windows;

/// The background never sleeps longer than this without looking at the clock: a suspended machine's timers
/// stand still while its credentials age.
const LONGEST_NAP: Duration = Duration::from_mins(5);

/// What every strategy can be told. The default is right for a long-lived process; other values are for
/// tests, for a virtual clock, and for sources slower than usual.
#[derive(Clone, Debug)]
pub struct Options {
    /// Replaces the windows that follow from how long the credentials are valid.
    pub windows: Option<Windows>,
    /// Bounds one fetch, whatever the source does. 30 s: longer than the SDK's own providers try.
    pub fetch_timeout: Duration,
    /// How long a call waits for others once the service has refused the held credentials; then it is made with
    /// those. 10 s. Calls that have a time limit of their own wait no longer than that.
    pub patience: Duration,
    /// Wall-clock time, which expiries are compared with.
    pub time_source: SharedTimeSource,
    pub sleep: SharedAsyncSleep,
    /// Makes what is left to chance the same in every run; at random where there is none.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            windows: None,
            fetch_timeout: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            time_source: SharedTimeSource::new(SystemTimeSource::new()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
            seed: None,
        }
    }
}

/// Who begins a renewal in the advisory window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begins {
    /// The first call in it; the call itself goes on.
    Call,
    /// [`Keeper::run`].
    Background,
}

/// Current credentials and their renewal.
#[derive(Debug)]
pub(super) struct Keeper {
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
    ) -> Arc<Self> {
        Arc::new(Self {
            source: Box::new(source),
            attempts: Mutex::new(Attempts::none(backoff, options.seed)),
            options,
            begins,
            current: ArcSwapOption::empty(),
            ended: watch::Sender::new(0),
        })
    }

    /// Credentials for a call.
    pub fn provide(self: &Arc<Self>) -> ProvideCredentials<'_> {
        let now = self.now();
        if let Some(current) = &*self.current.load()
            && current.age(now) == Age::Fresh
        {
            return ProvideCredentials::ready(Ok(current.credentials()));
        }
        match self.step(now) {
            CallStep::Use(current) => ProvideCredentials::ready(Ok(current.credentials())),
            CallStep::Fail(error) => ProvideCredentials::ready(Err(error)),
            step => ProvideCredentials::new(self.wait(step, now + self.options.patience)),
        }
    }

    /// What a call that cannot have its credentials at once gets: the new ones or, after a failure, the last
    /// good ones. Credentials that the service has refused are handed out as a last resort, at `limit`.
    async fn wait(
        self: &Arc<Self>,
        mut step: CallStep,
        limit: SystemTime,
    ) -> Result<Credentials, CredentialsError> {
        loop {
            match step {
                CallStep::Use(current) => return Ok(current.credentials()),
                CallStep::Fail(error) => return Err(error),
                CallStep::Pause(pause) => self.options.sleep.sleep(pause).await,
                CallStep::Join(ended) => end_of(ended).await,
            }
            match self.current.load_full() {
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
    pub fn refuse(self: &Arc<Self>, access_key_id: &str) {
        let mut attempts = self.attempts();
        let Some(current) = self.current.load_full() else {
            return;
        };
        let now = self.now();
        if current.lease.credentials.access_key_id() != access_key_id || current.refused {
            return;
        }
        if current.valid(now) || now >= attempts.not_before {
            self.fetch(&mut attempts);
        }
        self.current.store(Some(Arc::new(current.refused())));
    }

    /// Renews in the background until `until` completes. Without it, calls wait in the mandatory window.
    pub async fn run(self: &Arc<Self>, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        loop {
            let nap = self.until_next(self.now()).min(LONGEST_NAP);
            tokio::select! {
                biased;
                () = &mut until => return,
                () = self.options.sleep.sleep(nap) => (),
            }
            if !self.until_next(self.now()).is_zero() {
                continue;
            }
            let ended = self.fetch(&mut self.attempts());
            tokio::select! {
                biased;
                () = &mut until => return,
                () = end_of(ended) => (),
            }
        }
    }

    /// When a call will next do more than read the current credentials; `None` if it would now.
    pub fn quiet_until(&self) -> Option<SystemTime> {
        let current = self.current.load();
        let current = current.as_ref()?;
        let fresh = current.age(self.now()) == Age::Fresh;
        current.lease.renew_at.filter(|_| fresh)
    }

    fn now(&self) -> SystemTime {
        self.options.time_source.now()
    }

    fn attempts(&self) -> MutexGuard<'_, Attempts> {
        let attempts = self.attempts.lock();
        attempts.unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call at `now` does; begins a fetch if one is due.
    fn step(self: &Arc<Self>, now: SystemTime) -> CallStep {
        let mut attempts = self.attempts();
        let idle = !attempts.in_flight;
        let due = idle && now >= attempts.not_before;
        let current = self.current.load_full();
        match current.map(|current| (current.age(now), current)) {
            Some((Age::Fresh, current)) => CallStep::Use(current),
            Some((Age::Early, current)) => {
                if due && self.begins == Begins::Call {
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
        let current = self.current.load();
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

    /// Begins a fetch unless one is under way; what is returned changes when it ends.
    fn fetch(self: &Arc<Self>, attempts: &mut Attempts) -> watch::Receiver<u64> {
        let ended = self.ended.subscribe();
        if !attempts.in_flight {
            attempts.begin(self.now());
            let fetch = Fetch {
                keeper: Arc::clone(self),
                result: None,
            };
            tokio::spawn(fetch.run());
        }
        ended
    }

    /// Asks the source, within the time limit.
    async fn renew(&self) -> Result<Credentials, CredentialsError> {
        let current = self.current.load_full();
        let held = current.as_ref().map(|current| &current.lease.credentials);
        let limit = self.options.fetch_timeout;
        tokio::select! {
            biased;
            result = self.source.renew(held) => result,
            () = self.options.sleep.sleep(limit) => Err(CredentialsError::provider_timed_out(limit)),
        }
    }

    fn end(&self, result: Result<Credentials, CredentialsError>) {
        let now = self.now();
        let mut attempts = self.attempts();
        let current = self.current.load_full();
        match result {
            Ok(new) if current.as_ref().is_none_or(|current| current.differs(&new)) => {
                let chance = attempts.chance();
                let new = Current::fetched(new, now, self.options.windows, chance);
                attempts.succeeded(&new, now);
                self.current.store(Some(Arc::new(new)));
            }
            fruitless => attempts.fruitless(fruitless.err(), current.as_deref(), now),
        }
        drop(attempts);
        self.ended.send_modify(|ended| *ended += 1);
    }
}

async fn end_of(mut fetch: watch::Receiver<u64>) {
    // The sender lives as long as the keeper, and so as the caller.
    let _ = fetch.changed().await;
}

/// A fetch under way; however it ends, those who wait for it are told.
struct Fetch {
    keeper: Arc<Keeper>,
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

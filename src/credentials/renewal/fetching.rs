//! One fetch of a [`Keeper`], and what becomes of its result.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_async::rt::sleep::AsyncSleep;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tokio::sync::watch;

use super::backoff::{self, Backoff};
use super::held::{Held, Urgency, since};
use super::keeper::Keeper;

/// The fetches of a keeper so far, and when there may be another.
#[derive(Debug)]
pub(super) struct Attempts {
    pub in_flight: bool,
    pub begun: SystemTime,
    /// No fetch begins earlier.
    pub not_before: SystemTime,
    /// Fetches in a row that brought nothing new, and since when there were such.
    fruitless: u32,
    trouble_since: Option<SystemTime>,
    /// Why the last fetch failed, if it did.
    pub error: Option<Arc<CredentialsError>>,
    random: SmallRng,
}

impl Attempts {
    /// Before the first. `seed` decides what is left to chance; without one, chance does.
    pub fn none(seed: Option<u64>) -> Self {
        Self {
            in_flight: false,
            begun: SystemTime::UNIX_EPOCH,
            not_before: SystemTime::UNIX_EPOCH,
            fruitless: 0,
            trouble_since: None,
            error: None,
            random: match seed {
                Some(seed) => SmallRng::seed_from_u64(seed),
                None => SmallRng::from_os_rng(),
            },
        }
    }
}

impl Keeper {
    /// Begins a fetch unless one is under way; what is returned changes when it ends.
    pub(super) fn fetch(&self, attempts: &mut Attempts) -> watch::Receiver<u64> {
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

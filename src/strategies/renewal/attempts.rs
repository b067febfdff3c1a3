//! The fetches of a strategy so far, and when there may be another.

use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::backoff::{self, Backoff};
use super::current::Current;
use crate::strategies::lease::{Age, since};
use crate::strategies::windows::Windows;

#[derive(Debug)]
pub(super) struct Attempts {
    pub in_flight: bool,
    begun: SystemTime,
    /// No fetch begins earlier.
    pub not_before: SystemTime,
    /// Fetches in a row that brought nothing new, and since when there were such.
    fruitless: u32,
    trouble_since: Option<SystemTime>,
    /// Why the last fetch failed, if it did.
    error: Option<Arc<CredentialsError>>,
    /// How long to wait after a failure.
    backoff: fn(Windows) -> Backoff,
    random: SmallRng,
}

impl Attempts {
    /// Before the first. `seed` decides what is left to chance; without one, chance does.
    pub fn none(backoff: fn(Windows) -> Backoff, seed: Option<u64>) -> Self {
        Self {
            in_flight: false,
            begun: SystemTime::UNIX_EPOCH,
            not_before: SystemTime::UNIX_EPOCH,
            fruitless: 0,
            trouble_since: None,
            error: None,
            backoff,
            random: seed.map_or_else(SmallRng::from_os_rng, SmallRng::seed_from_u64),
        }
    }

    pub fn begin(&mut self, now: SystemTime) {
        self.in_flight = true;
        self.begun = now;
    }

    /// A number from 0 to 1.
    pub fn chance(&mut self) -> f64 {
        self.random.random()
    }

    /// The fetch under way has brought these at `now`.
    pub fn succeeded(&mut self, new: &Current, now: SystemTime) {
        self.in_flight = false;
        self.fruitless = 0;
        self.trouble_since = None;
        self.error = None;
        // Credentials that are old when they come must not be asked for again at once.
        self.not_before = match new.age(now) {
            Age::Fresh => now,
            _ => self.next_try(Some(new), now),
        };
    }

    /// The fetch under way has brought nothing new: it failed with `error`, or brought what is held.
    pub fn fruitless(
        &mut self,
        error: Option<CredentialsError>,
        current: Option<&Current>,
        now: SystemTime,
    ) {
        self.in_flight = false;
        self.error = error.map(Arc::new);
        self.not_before = self.next_try(current, now);
    }

    /// The error for a call that there are no credentials for; several calls get the same.
    pub fn error(&self) -> CredentialsError {
        match &self.error {
            Some(error) => CredentialsError::provider_error(Arc::clone(error)),
            None => CredentialsError::unhandled("no credentials have been fetched"),
        }
    }

    /// When to try again after a fetch that brought nothing new.
    fn next_try(&mut self, current: Option<&Current>, now: SystemTime) -> SystemTime {
        self.fruitless += 1;
        let trouble = since(*self.trouble_since.get_or_insert(self.begun), now);
        let chance = self.chance();
        let Some(current) = current.filter(|current| current.valid(now)) else {
            return self.begun + backoff::gap(trouble, since(self.begun, now), chance);
        };
        // A source that has no new credentials yet is well, and worth asking again.
        let backoff = match self.error {
            Some(_) => (self.backoff)(current.windows),
            None => Backoff::doubling(current.windows),
        };
        let next = now + backoff.wait(self.fruitless, chance);
        let boundary = current.next_boundary(now).unwrap_or(next);
        backoff.before(boundary, now, next)
    }
}

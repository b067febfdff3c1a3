//! Keeps a fleet up to date: a first answer before it is ready, revision polls and full refreshes
//! afterwards, and the last good answer through everything else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_async::time::SharedTimeSource;
use tokio::task::JoinHandle;

use super::fleet::Fleet;
use super::polling::{Polling, Query, Schedule};
use super::source::{Discover, DiscoverError, DiscoverErrorKind};

/// Between the tries for the first answer.
const FIRST_TRIES: Duration = Duration::from_millis(200);

/// The clock that a resolver goes by, and how it waits.
#[derive(Clone, Debug)]
pub struct Timing {
    pub time: SharedTimeSource,
    pub sleep: SharedAsyncSleep,
}

/// What a resolver has asked so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueryCounts {
    /// Full answers.
    pub refreshes: u64,
    /// Revisions that were answered.
    pub revisions: u64,
    /// Questions that were refused for their rate.
    pub throttled: u64,
    /// Questions without an answer for another reason.
    pub failed: u64,
    /// Instances in the last answer that cannot be called.
    pub unusable: u64,
}

struct State {
    source: Arc<dyn Discover>,
    zone: Option<String>,
    timing: Timing,
    started: SystemTime,
    fleet: ArcSwap<Fleet>,
    counts: Mutex<QueryCounts>,
}

/// The instances behind one name, kept up to date for as long as it lives.
pub struct Resolver {
    state: Arc<State>,
    polling: JoinHandle<()>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver")
            .field("zone", &self.state.zone)
            .field("fleet", &self.state.fleet.load())
            .finish_non_exhaustive()
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.polling.abort();
    }
}

impl Resolver {
    /// Asks until there is a first answer, for no longer than `patience`; then keeps asking as `polling`
    /// says. `zone` is the caller's own; `seed` spreads this resolver's questions.
    ///
    /// # Errors
    ///
    /// The last one that the source gave: at once where there is no such service, else after `patience`.
    pub async fn start(
        source: Arc<dyn Discover>,
        zone: Option<String>,
        polling: Polling,
        seed: u64,
        patience: Duration,
        timing: Timing,
    ) -> Result<Self, DiscoverError> {
        let state = Arc::new(State {
            started: timing.time.now(),
            source,
            zone,
            timing,
            fleet: ArcSwap::default(),
            counts: Mutex::default(),
        });
        let revision = state.first(patience).await?;
        let schedule = Schedule::new(polling, seed, state.now());
        let polling = Arc::clone(&state).poll(schedule, revision);
        Ok(Self {
            polling: tokio::spawn(polling),
            state,
        })
    }

    /// The instances as of the last good answer.
    #[must_use]
    pub fn fleet(&self) -> arc_swap::Guard<Arc<Fleet>> {
        self.state.fleet.load()
    }

    /// The caller's own zone, if it is known.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.state.zone.as_deref()
    }

    /// Time since the start, for [`Policy::pick`](super::Policy::pick).
    #[must_use]
    pub fn now(&self) -> Duration {
        self.state.now()
    }

    #[must_use]
    pub fn counts(&self) -> QueryCounts {
        *self.state.counts()
    }
}

impl State {
    fn now(&self) -> Duration {
        let now = self.timing.time.now();
        now.duration_since(self.started).unwrap_or_default()
    }

    async fn first(&self, patience: Duration) -> Result<Option<i64>, DiscoverError> {
        loop {
            match self.refresh().await {
                Ok(revision) => return Ok(revision),
                // Not even the first answer: neither will the next one be another.
                Err(error) if error.kind == DiscoverErrorKind::Denied => return Err(error),
                Err(error) if self.now() >= patience => return Err(error),
                Err(_) => self.timing.sleep.sleep(FIRST_TRIES).await,
            }
        }
    }

    async fn refresh(&self) -> Result<Option<i64>, DiscoverError> {
        let found = self.source.discover().await;
        let found = found.inspect_err(|error| self.count_failure(error))?;
        let mut counts = self.counts();
        counts.refreshes += 1;
        counts.unusable = found.unusable as u64;
        drop(counts);
        let before = self.fleet.load();
        let fleet = Fleet::new(found.instances, self.zone.as_deref(), &before);
        self.fleet.store(Arc::new(fleet));
        Ok(found.revision)
    }

    fn counts(&self) -> MutexGuard<'_, QueryCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_failure(&self, error: &DiscoverError) {
        let mut counts = self.counts();
        match error.kind {
            DiscoverErrorKind::Throttled => counts.throttled += 1,
            _ => counts.failed += 1,
        }
    }

    async fn poll(self: Arc<Self>, mut schedule: Schedule, mut revision: Option<i64>) {
        // What a poll said since: for sources whose full answers hold no revision.
        let mut polled = None;
        loop {
            let (query, due) = schedule.next();
            let pause = due.saturating_sub(self.now());
            self.timing.sleep.sleep(pause).await;
            match query {
                Query::Refresh => match self.refresh().await {
                    Ok(current) => {
                        revision = current.or(polled);
                        schedule.answered(query, self.now());
                    }
                    Err(_) => schedule.failed(self.now()),
                },
                Query::Revision => match self.source.revision().await {
                    Ok(current) => {
                        self.counts().revisions += 1;
                        schedule.answered(query, self.now());
                        polled = Some(current);
                        if revision != polled {
                            schedule.changed(self.now());
                        }
                    }
                    Err(error) if error.kind == DiscoverErrorKind::Unsupported => {
                        schedule.without_revisions();
                    }
                    Err(error) => {
                        self.count_failure(&error);
                        schedule.failed(self.now());
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;

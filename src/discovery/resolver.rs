//! Keeps a fleet up to date: a first answer before it is ready, revision polls and full refreshes
//! afterwards, and the last good answer through everything else.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::{Instant, sleep, timeout};

use super::fleet::Fleet;
use super::polling::{Polling, Query, Schedule};
use super::source::{Discover, DiscoverError, DiscoverErrorKind};
use crate::clock;

/// Between the tries for the first answer.
const FIRST_TRIES: Duration = Duration::from_millis(200);

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

/// The instances behind one name, kept up to date for as long as it lives. Its time is tokio's, which also paces
/// its questions.
#[derive(Debug)]
pub struct Resolver {
    source: Arc<dyn Discover>,
    zone: Option<String>,
    started: Instant,
    fleet: ArcSwap<Fleet>,
    counts: Mutex<QueryCounts>,
}

impl Resolver {
    /// Asks until there is a first answer, for no longer than `patience`; without any, once, for as long as the source
    /// takes. Then keeps asking as `polling` says. `zone` is the caller's own; `seed` spreads this resolver's questions.
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
    ) -> Result<Arc<Self>, DiscoverError> {
        let resolver = Arc::new(Self {
            source,
            zone,
            started: clock::ticks(),
            fleet: ArcSwap::default(),
            counts: Mutex::default(),
        });
        let revision = resolver.first(patience).await?;
        let schedule = Schedule::new(polling, seed, resolver.now());
        let (started, kept) = (resolver.started, Arc::downgrade(&resolver));
        tokio::spawn(poll(kept, started, schedule, revision));
        Ok(resolver)
    }

    /// The instances as of the last good answer.
    #[must_use]
    pub fn fleet(&self) -> arc_swap::Guard<Arc<Fleet>> {
        self.fleet.load()
    }

    /// The caller's own zone, if it is known.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        self.zone.as_deref()
    }

    /// Time since the start, for [`Policy::pick`](super::Policy::pick).
    #[must_use]
    pub fn now(&self) -> Duration {
        clock::ticks() - self.started
    }

    #[must_use]
    pub fn counts(&self) -> QueryCounts {
        *self.counting()
    }

    async fn first(&self, patience: Duration) -> Result<Option<i64>, DiscoverError> {
        if patience.is_zero() {
            return self.refresh().await;
        }
        let mut last = None;
        loop {
            // A source with a time limit of its own is to tell of it.
            let left = patience.saturating_sub(self.now()) + FIRST_TRIES;
            match timeout(left, self.refresh()).await {
                Ok(Ok(revision)) => return Ok(revision),
                // Not even the first answer: neither will the next one be another.
                Ok(Err(error)) if error.kind == DiscoverErrorKind::Denied => return Err(error),
                Ok(Err(error)) if self.now() >= patience => return Err(error),
                Ok(Err(error)) => last = Some(error),
                Err(_) => return Err(last.unwrap_or_else(|| DiscoverError::unanswered(patience))),
            }
            sleep(FIRST_TRIES).await;
        }
    }

    async fn refresh(&self) -> Result<Option<i64>, DiscoverError> {
        let found = self.source.discover().await;
        let found = found.inspect_err(|error| self.count_failure(error))?;
        let mut counts = self.counting();
        counts.refreshes += 1;
        counts.unusable = found.unusable as u64;
        drop(counts);
        let before = self.fleet.load();
        let fleet = Fleet::new(found.instances, self.zone.as_deref(), &before);
        self.fleet.store(Arc::new(fleet));
        Ok(found.revision)
    }

    fn counting(&self) -> MutexGuard<'_, QueryCounts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_failure(&self, error: &DiscoverError) {
        let mut counts = self.counting();
        match error.kind {
            DiscoverErrorKind::Throttled => counts.throttled += 1,
            _ => counts.failed += 1,
        }
    }
}

/// Asks as the schedule says, until nobody has the resolver any more.
async fn poll(
    resolver: Weak<Resolver>,
    started: Instant,
    mut schedule: Schedule,
    mut revision: Option<i64>,
) {
    // What a poll said since: for sources whose full answers hold no revision.
    let mut polled = None;
    loop {
        let (query, due) = schedule.next();
        sleep(due.saturating_sub(clock::ticks() - started)).await;
        let Some(resolver) = resolver.upgrade() else {
            return;
        };
        match query {
            Query::Refresh => match resolver.refresh().await {
                Ok(current) => {
                    revision = current.or(polled);
                    schedule.answered(query, resolver.now());
                }
                Err(_) => schedule.failed(resolver.now()),
            },
            Query::Revision => match resolver.source.revision().await {
                Ok(current) => {
                    resolver.counting().revisions += 1;
                    schedule.answered(query, resolver.now());
                    polled = Some(current);
                    if revision != polled {
                        schedule.refresh_due = resolver.now();
                    }
                }
                Err(error) if error.kind == DiscoverErrorKind::Unsupported => {
                    schedule.revisions = false;
                }
                Err(error) => {
                    resolver.count_failure(&error);
                    schedule.failed(resolver.now());
                }
            },
        }
    }
}

#[cfg(test)]
mod tests;

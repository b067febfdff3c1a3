//! Keeps a fleet up to date: a first answer before it is ready, revision polls and full refreshes
//! afterwards, and the last good answer through everything else.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_smithy_async::rt::sleep::{AsyncSleep, SharedAsyncSleep};
use aws_smithy_async::time::SharedTimeSource;
use tokio::task::JoinHandle;

use super::fleet::Fleet;
use super::polling::{Polling, Schedule, Step};
use super::source::{Discover, DiscoverError, Found, Refusal};

/// Between the tries for the first answer.
const FIRST_TRIES: Duration = Duration::from_millis(200);

/// The clock that a resolver goes by, and how it waits.
#[derive(Clone, Debug)]
pub struct Timing {
    pub time: SharedTimeSource,
    pub sleep: SharedAsyncSleep,
}

/// What a resolver has asked so far.
#[derive(Debug, Default)]
pub struct Asked {
    refreshes: AtomicU64,
    revisions: AtomicU64,
    throttled: AtomicU64,
    failed: AtomicU64,
    unusable: AtomicU64,
}

impl Asked {
    /// Full answers.
    pub fn refreshes(&self) -> u64 {
        self.refreshes.load(Ordering::Relaxed)
    }

    /// Revisions.
    pub fn revisions(&self) -> u64 {
        self.revisions.load(Ordering::Relaxed)
    }

    /// Questions that were refused for their rate.
    pub fn throttled(&self) -> u64 {
        self.throttled.load(Ordering::Relaxed)
    }

    /// Questions without an answer for another reason.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Instances in the last answer that cannot be called.
    pub fn unusable(&self) -> u64 {
        self.unusable.load(Ordering::Relaxed)
    }

    fn note(&self, error: &DiscoverError) {
        let count = match error.refusal {
            Refusal::Throttled => &self.throttled,
            _ => &self.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

struct State {
    source: Arc<dyn Discover>,
    zone: Option<String>,
    timing: Timing,
    started: SystemTime,
    fleet: ArcSwap<Fleet>,
    asked: Asked,
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
            asked: Asked::default(),
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
    pub fn asked(&self) -> &Asked {
        &self.state.asked
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
                Err(error) if error.refusal == Refusal::Denied => return Err(error),
                Err(error) if self.now() >= patience => return Err(error),
                Err(_) => self.timing.sleep.sleep(FIRST_TRIES).await,
            }
        }
    }

    async fn refresh(&self) -> Result<Option<i64>, DiscoverError> {
        let found = self.source.discover().await;
        let found = found.inspect_err(|error| self.asked.note(error))?;
        self.asked.refreshes.fetch_add(1, Ordering::Relaxed);
        let Found {
            instances,
            unusable,
            revision,
        } = found;
        self.asked
            .unusable
            .store(unusable as u64, Ordering::Relaxed);
        let before = self.fleet.load();
        let fleet = Fleet::new(instances, self.zone.as_deref(), &before);
        self.fleet.store(Arc::new(fleet));
        Ok(revision)
    }

    async fn poll(self: Arc<Self>, mut schedule: Schedule, mut revision: Option<i64>) {
        // What a poll said since: for sources whose full answers hold no revision.
        let mut polled = None;
        loop {
            let (step, due) = schedule.next();
            let pause = due.saturating_sub(self.now());
            self.timing.sleep.sleep(pause).await;
            match step {
                Step::Refresh => match self.refresh().await {
                    Ok(seen) => {
                        revision = seen.or(polled);
                        schedule.answered(step, self.now());
                    }
                    Err(_) => schedule.failed(self.now()),
                },
                Step::Revision => match self.source.revision().await {
                    Ok(seen) => {
                        self.asked.revisions.fetch_add(1, Ordering::Relaxed);
                        schedule.answered(step, self.now());
                        polled = Some(seen);
                        if revision != polled {
                            schedule.changed(self.now());
                        }
                    }
                    Err(error) if error.refusal == Refusal::Unsupported => {
                        schedule.without_revisions();
                    }
                    Err(error) => {
                        self.asked.note(&error);
                        schedule.failed(self.now());
                    }
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;

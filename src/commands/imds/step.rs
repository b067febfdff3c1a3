//! A step of the search for the knee: cold fetches at a rate, with what became of each and of the requests they made.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::fetch;
use crate::clock;
use crate::credentials::{ExchangeStats, Exchanges};
use crate::link_local;
use crate::measure::load::CallFuture;
use crate::measure::{Arrivals, Call, Outcome, Pacing, Plan, Rate};
use crate::run::{ArmCall, Session};

/// A fetch that took longer is a lost one; the SDK itself gives metadata a second.
const LIMIT: Duration = Duration::from_millis(1500);

/// More at once would measure this machine.
const MOST_IN_FLIGHT: usize = 512;

/// How often the requests are counted meanwhile.
const EVERY: Duration = Duration::from_millis(20);

/// What is ready to run here and has to wait for longer makes fetches late, whatever the source does.
const HELD_UP: Duration = Duration::from_millis(75);

/// What was seen of a step.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Fetches begun per second.
    pub rate: f64,
    /// In the order in which they began.
    pub fetches: Vec<FetchSeen>,
    /// Requests until then, by operation; the last count is of all.
    pub counts: Vec<(Duration, Counts)>,
    /// TCP segments that this machine sent a second time meanwhile.
    pub retransmitted: Option<u64>,
    /// Whether this machine was too busy for the step to show the source alone.
    pub held_up: bool,
}

/// What became of a fetch.
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchSeen {
    /// When it began, since the beginning of the step.
    pub at: Duration,
    pub took: Duration,
    pub outcome: Outcome,
}

/// Requests by operation.
pub(super) type Counts = BTreeMap<String, Requests>;

/// Requests to a source, whatever the fetches that made them came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Requests {
    pub ok: u64,
    /// Answered with 429 or 503.
    pub refused: u64,
    pub timeout: u64,
}

impl From<&ExchangeStats> for Requests {
    fn from(stats: &ExchangeStats) -> Self {
        Self {
            ok: stats.ok,
            refused: stats.throttled,
            timeout: stats.timeout,
        }
    }
}

impl Seen {
    /// Makes `fetches` fetches at `rate` per second; `None` if the user has had enough.
    pub(super) async fn of(session: &Session, rate: f64, fetches: u64) -> Option<Self> {
        let arm = fetch::arm("knee", &session.setup, LIMIT.min(session.setup.timeout));
        let facts = Arc::clone(&arm.facts);
        let watched = Watched {
            call: Arc::clone(&arm.call),
            start: clock::now(),
            seen: Arc::default(),
        };
        let (start, seen) = (watched.start, Arc::clone(&watched.seen));
        let arm = ArmCall {
            call: Arc::new(watched),
            ..arm
        };
        let plan = plan(rate, fetches);
        let before = link_local::retransmitted();
        let label = format!("{rate:.0} fetches/s");
        let mut measuring = pin!(session.watched(std::slice::from_ref(&arm), &plan, &label));
        let (mut counts, mut held_up) = (Vec::new(), false);
        let measured = loop {
            tokio::select! {
                measured = &mut measuring => break measured,
                () = tokio::time::sleep(EVERY) => (),
            }
            counts.push((clock::since(start), counted(&facts.exchanges)));
            let ready = clock::now();
            let _ = tokio::spawn(async {}).await;
            held_up |= clock::since(ready) > HELD_UP;
        };
        counts.push((clock::since(start), counted(&facts.exchanges)));
        let mut fetches = std::mem::take(&mut *lock(&seen));
        fetches.sort_by_key(|fetch| fetch.at);
        measured.complete.then_some(Self {
            rate,
            fetches,
            counts,
            retransmitted: link_local::retransmitted()
                .zip(before)
                .map(|(after, before)| after.saturating_sub(before)),
            held_up,
        })
    }

    /// When the last fetch began.
    pub(super) fn arrived(&self) -> Duration {
        self.fetches.last().map_or(Duration::ZERO, |last| last.at)
    }

    /// All requests.
    pub(super) fn requests(&self) -> Counts {
        self.counted_at(Duration::MAX)
    }

    /// The requests until then.
    pub(super) fn counted_at(&self, at: Duration) -> Counts {
        let until = self.counts.iter().rev().find(|(when, _)| *when <= at);
        until.map(|(_, counts)| counts.clone()).unwrap_or_default()
    }
}

fn plan(rate: f64, fetches: u64) -> Plan {
    Plan {
        requests: Some(fetches),
        duration: None,
        first: 0,
        warmup: 0,
        pacing: Pacing::Open {
            rate: Rate {
                per_s: rate,
                arrivals: Arrivals::Constant,
            },
            most_in_flight: MOST_IN_FLIGHT,
        },
        seed: 1,
    }
}

fn counted(exchanges: &Exchanges) -> Counts {
    let stats = exchanges.snapshot();
    let counted = stats
        .iter()
        .map(|(operation, stats)| (operation.clone(), stats.into()));
    counted.collect()
}

/// A call whose every sample is kept.
struct Watched {
    call: Arc<dyn Call>,
    start: Instant,
    seen: Arc<Mutex<Vec<FetchSeen>>>,
}

impl Call for Watched {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let at = clock::since(self.start);
            let sample = self.call.call().await;
            lock(&self.seen).push(FetchSeen {
                at,
                took: sample.total,
                outcome: sample.outcome,
            });
            sample
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

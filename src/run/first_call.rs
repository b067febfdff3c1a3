//! First calls: what a process pays once, timed in clients that have fetched nothing and are connected to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::assemble;
use super::session::Session;
use crate::client::{ArmFacts, SetupError, error_text, timeline};
use crate::clock;
use crate::document::Arm;
use crate::measure::load::{self, CallFuture};
use crate::measure::{Call, Plan, Tally};

/// Calls per arm that may fail before a run is given up: one could be bad luck.
pub(super) const PROBES: u64 = 3;

/// Between two first calls of an arm that is not in the lab: twenty fetches of credentials in a second are a quarter
/// of the packets that an interface may send to link-local addresses.
const GAP: Duration = Duration::from_millis(50);

/// Calls each of which is made by a client of its own, and what is known of those clients.
pub struct Fresh {
    pub call: Arc<dyn Call>,
    pub facts: Arc<ArmFacts>,
}

impl Fresh {
    /// Calls of clients that `make` makes, one for each call.
    pub(super) fn made<M, F, C>(make: M) -> Self
    where
        M: Fn(Arc<ArmFacts>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<C, SetupError>> + Send,
        C: Call,
    {
        let facts = Arc::<ArmFacts>::default();
        let call = Arc::new(FreshCall {
            make,
            facts: Arc::clone(&facts),
        });
        Self { call, facts }
    }
}

struct FreshCall<M> {
    make: M,
    facts: Arc<ArmFacts>,
}

impl<M, F, C> Call for FreshCall<M>
where
    M: Fn(Arc<ArmFacts>) -> F + Send + Sync,
    F: Future<Output = Result<C, SetupError>> + Send,
    C: Call,
{
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let begun = clock::now();
            let client = (self.make)(Arc::clone(&self.facts)).await;
            let making = clock::since(begun);
            let sample = match &client {
                Ok(client) => client.call().await,
                Err(error) => timeline::never_sent(error_text(error)),
            };
            sample.after_preparing(making)
        })
    }
}

/// The first calls of a run.
#[derive(Default)]
pub struct FirstCalls(Vec<FirstOfArm>);

struct FirstOfArm {
    name: String,
    tally: Tally,
    facts: Arc<ArmFacts>,
}

impl FirstCalls {
    /// Adds those of other arms.
    pub fn extend(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How often every arm was called.
    pub(super) fn rounds(&self) -> u64 {
        let clients = self.0.iter().map(|first| first.tally.requests);
        clients.min().unwrap_or(0)
    }

    pub(super) fn tallies(&self) -> impl Iterator<Item = &Tally> {
        self.0.iter().map(|first| &first.tally)
    }

    /// Adds to the document's arms their first calls.
    pub(super) fn describe(&self, arms: &mut [Arm]) {
        for arm in arms {
            let first = self.0.iter().find(|first| first.name == arm.name);
            let made = first.filter(|first| first.tally.requests > 0);
            arm.first_call = made.map(|first| assemble::first_call(&first.tally, &first.facts));
        }
    }

    fn has_succeeded(&self) -> bool {
        self.tallies().any(|tally| tally.outcomes.ok > 0)
    }
}

impl Session {
    /// Makes the plan's first calls: one after another, each arm's in turn. Where none of the first few succeeds, the
    /// others are not made.
    pub async fn first_calls(&self, arms: &[(&str, &Fresh)], plan: &Plan) -> FirstCalls {
        let of_arm = |(name, fresh): &(&str, &Fresh)| FirstOfArm {
            name: (*name).to_owned(),
            tally: Tally::default(),
            facts: Arc::clone(&fresh.facts),
        };
        let mut first = FirstCalls(arms.iter().map(of_arm).collect());
        let made = AtomicU64::new(0);
        let total = plan.first * arms.len() as u64;
        let done = || (made.load(Ordering::Relaxed), Some(total));
        let calls = async {
            for round in 0..plan.first {
                if round > 0 && self.lab.is_none() {
                    self.pause(GAP).await;
                }
                if !self.first_round(arms, &mut first, round, &made).await
                    || (round + 1 >= PROBES && !first.has_succeeded())
                {
                    break;
                }
            }
        };
        self.console.watched("first calls", calls, done).await;
        first
    }

    /// One first call of every arm, beginning with another arm than the round before; false if it was interrupted.
    async fn first_round(
        &self,
        arms: &[(&str, &Fresh)],
        first: &mut FirstCalls,
        round: u64,
        made: &AtomicU64,
    ) -> bool {
        for turn in 0..arms.len() {
            let arm = (turn + round as usize) % arms.len();
            if self.stop.is_stopped() {
                return false;
            }
            tokio::select! {
                sample = load::made(&*arms[arm].1.call) => {
                    first.0[arm].tally.record(round, Duration::ZERO, &sample);
                    made.fetch_add(1, Ordering::Relaxed);
                }
                () = self.stop.stopped() => return false,
            }
        }
        true
    }
}

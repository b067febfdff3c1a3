//! Load: which calls are made, how many at once, and until when.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::distribution::Distribution;
use super::pacing::Pacing;
use super::sample::{Outcome, Sample};
use super::schedule::scheduled;
use super::tally::Tally;
use super::tickets::{Limit, Tickets};
use crate::clock;
use crate::panics::caught;

/// A call in flight.
pub type CallFuture<'a> = BoxFuture<'a, Sample>;

/// An arm: something that can be called over and over, from several workers at once.
pub trait Call: Send + Sync {
    /// Makes one call. What it takes is what its sample says: the instrument's own work around it does not count.
    fn call(&self) -> CallFuture<'_>;
}

/// Whatever makes calls that borrow nothing from it, such as those of an SDK's client.
impl<F: Fn() -> CallFuture<'static> + Send + Sync> Call for F {
    fn call(&self) -> CallFuture<'_> {
        self()
    }
}

/// How much to measure. A run ends at whichever of `requests` and `duration` comes first.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Calls per arm.
    pub requests: Option<u64>,
    pub duration: Option<Duration>,
    /// Fresh clients per arm whose first call is timed before.
    pub first: u64,
    /// Calls per arm that are made then and not measured.
    pub warmup: u64,
    pub pacing: Pacing,
    /// Orders the arms, and plans the starts of an open loop.
    pub seed: u64,
}

/// What a run measured.
#[derive(Clone, Debug)]
pub struct Measured {
    /// One per arm, in the order of the arms.
    pub tallies: Vec<Tally>,
    pub elapsed: Duration,
    /// False when the run was stopped before the plan was fulfilled.
    pub complete: bool,
    /// How late calls of an open loop began although a worker was free: the generator's own lag.
    pub lag: Option<Distribution>,
    /// Calls of an open loop that were planned before the end and never made: every worker was busy.
    pub missed: u64,
}

/// Ends runs early. Clones share one switch.
#[derive(Clone, Debug, Default)]
pub struct Stop(watch::Sender<bool>);

impl Stop {
    /// Ends every run that was given this switch: calls in flight are dropped.
    pub fn stop(&self) {
        self.0.send_replace(true);
    }

    pub fn is_stopped(&self) -> bool {
        *self.0.borrow()
    }

    /// Completes when [`stop`](Self::stop) is called.
    pub async fn stopped(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|stopped| *stopped).await;
    }
}

/// Makes the plan's warm-up calls, for no longer than is to be measured; what is returned was not part of the
/// measurement.
pub async fn warm_up(arms: &[Arc<dyn Call>], plan: &Plan, stop: &Stop) -> Measured {
    let plan = Plan {
        requests: Some(plan.warmup),
        pacing: Pacing::Closed {
            workers: plan.pacing.workers().min(plan.warmup.max(1) as usize),
        },
        ..plan.clone()
    };
    measure(arms, &plan, stop, &Arc::default()).await
}

/// Runs the plan: workers call the arms in an interleaved random order. `done` counts the calls measured so far, over
/// all arms, and may be read meanwhile.
pub async fn measure(
    arms: &[Arc<dyn Call>],
    plan: &Plan,
    stop: &Stop,
    done: &Arc<AtomicU64>,
) -> Measured {
    let start = clock::now();
    let limit = Limit {
        calls: plan
            .requests
            .map_or(u64::MAX, |n| n.saturating_mul(arms.len() as u64)),
        deadline: plan.duration.map(|duration| start + duration),
    };
    let run = Arc::new(Run {
        start,
        arms: arms.to_vec(),
        tallies: arms.iter().map(|_| Mutex::default()).collect(),
        seed: plan.seed,
        tickets: Tickets::new(plan.pacing, arms.len(), plan.seed, start, limit),
        done: Arc::clone(done),
    });
    let mut workers = JoinSet::new();
    for _ in 0..plan.pacing.workers().max(1) {
        let (run, stop) = (Arc::clone(&run), stop.clone());
        workers.spawn(async move {
            tokio::select! {
                () = run.work() => (),
                () = stop.stopped() => (),
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            std::panic::resume_unwind(error.into_panic());
        }
    }
    Measured {
        tallies: run
            .tallies
            .iter()
            .map(|tally| std::mem::take(&mut *lock(tally)))
            .collect(),
        elapsed: clock::since(start),
        complete: !stop.is_stopped(),
        lag: run.tickets.lag().await,
        missed: run.tickets.missed(),
    }
}

/// Makes a call. Whatever it meets, the rest of the run lives.
pub async fn made(arm: &dyn Call) -> Sample {
    let made = caught(arm.call()).await;
    made.unwrap_or_else(|panicked| Sample::default().failed(Outcome::Other, panicked.to_string()))
}

/// What the workers of one run share.
struct Run {
    start: Instant,
    arms: Vec<Arc<dyn Call>>,
    tallies: Vec<Mutex<Tally>>,
    seed: u64,
    tickets: Tickets,
    done: Arc<AtomicU64>,
}

impl Run {
    async fn work(&self) {
        while let Some(ticket) = self.tickets.next().await {
            let (round, arm) = scheduled(self.arms.len(), self.seed, ticket.number);
            let queued = clock::since(ticket.planned);
            let mut sample = made(&*self.arms[arm]).await;
            if self.tickets.are_paced() {
                sample.queued(queued);
            }
            let at = ticket.planned.saturating_duration_since(self.start);
            lock(&self.tallies[arm]).record(round, at, &sample);
            self.done.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn lock(tally: &Mutex<Tally>) -> std::sync::MutexGuard<'_, Tally> {
    tally.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Arrivals, Phase, Rate};

    /// A call that takes other times than it claims: `prepared` to make what is for it alone, `claimed` in a phase.
    fn synthetic(taken: Duration, prepared: Duration, claimed: Duration) -> Arc<dyn Call> {
        Arc::new(move || -> CallFuture<'static> {
            Box::pin(async move {
                tokio::time::sleep(taken).await;
                Sample::of_phase(Phase::Transmit, claimed).after_preparing(prepared)
            })
        })
    }

    fn claiming(claimed: Duration) -> Arc<dyn Call> {
        synthetic(Duration::ZERO, Duration::ZERO, claimed)
    }

    fn open(per_s: f64, most_in_flight: usize) -> Pacing {
        let arrivals = Arrivals::Constant;
        Pacing::Open {
            rate: Rate { per_s, arrivals },
            most_in_flight,
        }
    }

    fn plan(requests: u64, workers: usize) -> Plan {
        Plan {
            requests: Some(requests),
            duration: None,
            first: 0,
            warmup: 3,
            pacing: Pacing::Closed { workers },
            seed: 1,
        }
    }

    /// An arm by itself.
    async fn measured(arm: Arc<dyn Call>, plan: &Plan) -> Measured {
        measure(&[arm], plan, &Stop::default(), &Arc::default()).await
    }

    #[tokio::test]
    async fn every_arm_gets_the_calls_that_were_asked_for_whatever_the_concurrency() {
        for concurrency in [1, 7] {
            let arms = [1, 2].map(|micros| claiming(Duration::from_micros(micros)));
            let done = Arc::default();
            let run = measure(&arms, &plan(50, concurrency), &Stop::default(), &done).await;
            assert!(run.complete);
            assert_eq!(done.load(Ordering::Relaxed), 100);
            for (arm, tally) in run.tallies.iter().enumerate() {
                assert_eq!(tally.requests, 50);
                let expected = Duration::from_micros(arm as u64 + 1) * 50;
                assert_eq!(tally.succeeded.phase(Phase::Transmit).sum(), expected);
            }
        }
    }

    #[tokio::test]
    async fn warm_up_makes_its_own_number_of_calls() {
        let arms = [claiming(Duration::ZERO)];
        let warm = warm_up(&arms, &plan(50, 2), &Stop::default()).await;
        assert_eq!(warm.tallies[0].requests, 3);
    }

    #[tokio::test]
    async fn a_warm_up_lasts_no_longer_than_is_measured() {
        let slow = synthetic(Duration::from_millis(20), Duration::ZERO, Duration::ZERO);
        let plan = Plan {
            duration: Some(Duration::from_millis(30)),
            warmup: 1_000,
            ..plan(1, 1)
        };
        let warm = warm_up(&[slow], &plan, &Stop::default()).await;
        assert!(warm.tallies[0].requests <= 2);
    }

    #[tokio::test]
    async fn stopping_ends_a_run_whose_calls_never_end() {
        let stop = Stop::default();
        let arms = [synthetic(Duration::MAX, Duration::ZERO, Duration::ZERO)];
        let (plan, done) = (plan(1, 2), Arc::default());
        let run = measure(&arms, &plan, &stop, &done);
        let (measured, ()) = tokio::join!(run, async { stop.stop() });
        assert!(!measured.complete);
        assert_eq!(measured.tallies[0].requests, 0);
    }

    /// In either loop: what was made for a call, but not what else its future does.
    #[tokio::test]
    async fn what_was_made_for_a_call_is_in_its_total_and_unexplained() {
        let [taken, preparing, lasting] = [20, 3, 1].map(Duration::from_millis);
        let call = synthetic(taken, preparing, lasting);
        for pacing in [Pacing::Closed { workers: 1 }, open(1_000.0, 1)] {
            let plan = Plan {
                pacing,
                ..plan(3, 1)
            };
            let run = measured(call.clone(), &plan).await;
            let seen = &run.tallies[0].succeeded;
            let queued = seen.phase(Phase::Queue).sum();
            assert_eq!(seen.total.sum(), queued + 3 * (preparing + lasting));
            assert_eq!(seen.unexplained.sum(), 3 * preparing);
        }
    }

    #[tokio::test]
    async fn a_call_that_panics_is_a_failed_call() {
        let calls = Arc::new(AtomicU64::new(0));
        let call = Arc::new(move || -> CallFuture<'static> {
            let number = calls.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                assert!(number.is_multiple_of(2), "an odd call");
                Sample::default()
            })
        });
        let run = measured(call, &plan(6, 1)).await;
        let tally = &run.tallies[0];
        assert!(run.complete);
        assert_eq!((tally.requests, tally.outcomes.ok), (6, 3));
        assert!(tally.errors.keys().any(|text| text.contains("panicked")));
    }

    #[tokio::test]
    async fn calls_that_a_hung_target_left_no_worker_for_are_missed() {
        let hung = synthetic(Duration::from_millis(300), Duration::ZERO, Duration::ZERO);
        let plan = Plan {
            requests: None,
            duration: Some(Duration::from_millis(100)),
            pacing: open(100_000.0, 2),
            ..plan(0, 2)
        };
        let run = measured(hung, &plan).await;
        let made = run.tallies[0].requests;
        assert!(made <= 2);
        assert_eq!(made + run.missed, 10_000);
    }
}

//! How operations of a few hundred nanoseconds to a few dozen milliseconds are timed side by side.
//!
//! Each arm gets an equal share of the run's time and spends it in *visits* of about a millisecond,
//! spread evenly over the run and in an order that differs from round to round: whatever drifts, the
//! clock rate of the CPU above all, drifts for all arms. A visit begins with calls that are not timed,
//! since the arm before it left the caches to itself. Of the rest every call is timed on its own, unless
//! it is so short that reading the clock would show: then a sample is the mean of a batch of calls.
//!
//! There is no executor and no channel in here: only the operation stands between two clock reads.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use super::plan::{Budget, FEWEST_SAMPLES, VisitPlan, clock_cost, estimate};
use crate::clock;
use crate::measure::{Phase, Sample, Stop, Tally};

/// Repeats an operation so many times.
type Work = Box<dyn FnMut(u32) + Send>;

/// Something to be timed.
pub struct Arm {
    pub name: String,
    /// Bytes of payload that one call goes through.
    pub bytes: Option<u64>,
    /// A sample is always the mean of so many calls, however long they take.
    pub(super) batch: Option<u32>,
    work: Work,
}

impl Arm {
    /// An arm whose calls make `T`s; they are dropped inside the measured time, as a caller would.
    pub fn new<T>(
        name: impl Into<String>,
        mut operation: impl FnMut() -> T + Send + 'static,
    ) -> Self {
        let work = move |times| {
            for _ in 0..times {
                black_box(operation());
            }
        };
        Self {
            name: name.into(),
            bytes: None,
            batch: None,
            work: Box::new(work),
        }
    }

    /// Calls go through so many bytes.
    pub fn over(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }
}

/// How far a run is; readable while it goes on.
#[derive(Debug, Default)]
pub struct Visits {
    done: AtomicU64,
    planned: AtomicU64,
}

impl Visits {
    /// Visits made, and those planned; none are while the arms are looked at first.
    pub fn seen(&self) -> (u64, Option<u64>) {
        let [done, planned] =
            [&self.done, &self.planned].map(|count| count.load(Ordering::Relaxed));
        (done, (planned > 0).then_some(planned))
    }
}

/// What was measured of one arm.
#[derive(Clone, Debug)]
pub struct Timed {
    pub tally: Tally,
    /// Calls whose mean is one sample.
    pub batch: u32,
}

/// Times arms on the calling thread.
#[derive(Clone, Debug)]
pub struct Timer {
    pub budget: Budget,
    /// Orders the arms.
    pub seed: u64,
    pub stop: Stop,
}

impl Timer {
    /// Times the arms until the budget is spent or the run is stopped. One result per arm, in order.
    pub fn run(&self, arms: &mut [Arm], visits: &Visits) -> Vec<Timed> {
        let clock = clock_cost();
        let share = Budget {
            time: self.budget.time.map(|time| time / arms.len().max(1) as u32),
            ..self.budget
        };
        let mut lanes: Vec<Lane> = arms
            .iter_mut()
            .map(|arm| Lane {
                plan: VisitPlan::of(estimate(&mut arm.work), arm.batch, clock, share),
                work: &mut arm.work,
                tally: Tally::default(),
            })
            .collect();
        let planned = lanes.iter().map(|lane| lane.plan.visits).sum();
        visits.planned.store(planned, Ordering::Relaxed);
        self.visit_all(&mut lanes, visits);
        let timed = |lane: Lane| Timed {
            tally: lane.tally,
            batch: lane.plan.batch,
        };
        lanes.into_iter().map(timed).collect()
    }

    /// Visits the arms as planned. When the time is over before that, for other programs took their
    /// part of it, only the arms with too few samples are visited any more.
    fn visit_all(&self, lanes: &mut [Lane], visits: &Visits) {
        let start = clock::now();
        let time = self.budget.time.unwrap_or(Duration::MAX);
        let rounds = lanes.iter().map(|lane| lane.plan.visits).max().unwrap_or(0);
        let mut order: Vec<usize> = (0..lanes.len()).collect();
        let mut random = SmallRng::seed_from_u64(self.seed);
        for round in 0..rounds {
            order.shuffle(&mut random);
            for &at in &order {
                if self.stop.is_stopped() {
                    return;
                }
                let lane = &mut lanes[at];
                let over = clock::since(start) >= time;
                let enough = lane.tally.requests >= FEWEST_SAMPLES;
                if lane.plan.is_due(round, rounds) && !(over && enough) {
                    lane.visit(round, clock::since(start));
                    visits.done.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    }
}

/// An arm on its way through a run.
struct Lane<'a> {
    work: &'a mut Work,
    plan: VisitPlan,
    tally: Tally,
}

impl Lane<'_> {
    /// Times some calls of a visit that begins `at` after the start of the run.
    fn visit(&mut self, round: u64, at: Duration) {
        let plan = &self.plan;
        (self.work)(plan.warm_up);
        let wanted = plan.per_visit.min(plan.samples - self.tally.requests);
        let timed: Vec<Duration> = (0..wanted)
            .map(|_| {
                let start = clock::now();
                (self.work)(plan.batch);
                per_call(clock::since(start), plan.batch)
            })
            .collect();
        // Recorded only after the visit: histograms between two calls would cost the second one its
        // caches.
        for call in timed {
            let sample = Sample::of_phase(Phase::Signing, call);
            self.tally.record(round, at, &sample);
        }
    }
}

/// To the nearest nanosecond.
fn per_call(elapsed: Duration, batch: u32) -> Duration {
    let batch = u128::from(batch);
    Duration::from_nanos(((elapsed.as_nanos() + batch / 2) / batch) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timer(stop: Stop) -> Timer {
        Timer {
            budget: Budget {
                samples: Some(50),
                time: None,
            },
            seed: 1,
            stop,
        }
    }

    #[test]
    fn every_arm_gets_its_samples_and_all_of_its_time_is_signing() {
        let mut arms = ["short", "fixed"].map(|name| Arm::new(name, || 1 + 1));
        arms[1].batch = Some(7);
        let visits = Visits::default();
        let results = timer(Stop::default()).run(&mut arms, &visits);
        let (done, planned) = visits.seen();
        assert_eq!(Some(done), planned);
        assert_eq!(results[1].batch, 7);
        for Timed { tally, .. } in results {
            assert_eq!(tally.requests, 50);
            let signing = tally.succeeded.phase(Phase::Signing);
            assert_eq!(signing.sum(), tally.succeeded.total.sum());
        }
    }

    #[test]
    fn a_stopped_run_ends() {
        let stop = Stop::default();
        stop.stop();
        let results = timer(stop).run(&mut [Arm::new("never", || ())], &Visits::default());
        assert_eq!(results[0].tally.requests, 0);
    }
}

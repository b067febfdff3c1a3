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

use crate::clock;
use crate::measure::{Outcome, Phase, PhaseTimes, Sample, Stop, Tally};

/// Reading the clock may take this share of a sample, no more.
const CLOCK_SHARE: u32 = 100;

/// How long an arm is visited before the next one has its turn.
const VISIT: Duration = Duration::from_millis(1);

/// Of a visit, the part that warms up: one call in so many.
const WARM_UP: u32 = 8;

/// Calls longer than this are not warmed up: they bring their own data.
const NO_WARM_UP: Duration = Duration::from_millis(1);

/// How long an arm is looked at before its visits are planned, and how often.
const LOOK: Duration = Duration::from_micros(200);
/// See [`LOOK`].
const LOOKS: u32 = 5;

/// Samples of an arm whose share of the time would not allow as many.
const FEWEST_SAMPLES: u64 = 5;

/// Repeats an operation so many times.
type Work = Box<dyn FnMut(u32) + Send>;

/// Something to be timed.
pub struct Arm {
    pub name: String,
    /// Bytes of payload that one call goes through.
    pub bytes: Option<u64>,
    batch: Option<u32>,
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
    #[must_use]
    pub fn over(self, bytes: u64) -> Self {
        Self {
            bytes: Some(bytes),
            ..self
        }
    }

    /// A sample is always the mean of so many calls, however long they take.
    #[must_use]
    pub fn in_batches_of(self, calls: u32) -> Self {
        Self {
            batch: Some(calls),
            ..self
        }
    }
}

/// How much to measure; whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Samples per arm.
    pub samples: Option<u64>,
    /// For all arms together.
    pub time: Option<Duration>,
}

/// How far a run is; readable while it goes on.
#[derive(Debug, Default)]
pub struct Visits {
    done: AtomicU64,
    planned: AtomicU64,
}

impl Visits {
    /// Visits made, and those planned; 0 of 0 while the arms are looked at first.
    #[must_use]
    pub fn seen(&self) -> (u64, u64) {
        let [done, planned] =
            [&self.done, &self.planned].map(|count| count.load(Ordering::Relaxed));
        (done, planned)
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
        let plans: Vec<Plan> = arms
            .iter_mut()
            .map(|arm| (arm.batch, estimate(&mut arm.work)))
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(batch, call)| Plan::of(call, batch, clock, self.share(arms.len())))
            .collect();
        let planned = plans.iter().map(|plan| plan.visits).sum();
        visits.planned.store(planned, Ordering::Relaxed);
        let rounds = plans.iter().map(|plan| plan.visits).max().unwrap_or(0);
        let mut tallies = vec![Tally::default(); arms.len()];
        let mut order: Vec<usize> = (0..arms.len()).collect();
        let mut random = SmallRng::seed_from_u64(self.seed);
        for round in 0..rounds {
            order.shuffle(&mut random);
            for &at in order.iter().filter(|&&at| plans[at].is_due(round, rounds)) {
                if self.stop.is_stopped() {
                    return finished(tallies, &plans);
                }
                let wanted = plans[at].samples - tallies[at].requests;
                visit(
                    &mut arms[at].work,
                    &plans[at],
                    wanted,
                    round,
                    &mut tallies[at],
                );
                visits.done.fetch_add(1, Ordering::Relaxed);
            }
        }
        finished(tallies, &plans)
    }

    fn share(&self, arms: usize) -> Budget {
        Budget {
            time: self.budget.time.map(|time| time / arms.max(1) as u32),
            ..self.budget
        }
    }
}

fn finished(tallies: Vec<Tally>, plans: &[Plan]) -> Vec<Timed> {
    let timed = tallies.into_iter().zip(plans).map(|(tally, plan)| Timed {
        tally,
        batch: plan.batch,
    });
    timed.collect()
}

/// How one arm's share of the run is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    batch: u32,
    per_visit: u64,
    visits: u64,
    samples: u64,
    warm_up: u32,
}

impl Plan {
    fn of(call: Duration, batch: Option<u32>, clock: Duration, share: Budget) -> Self {
        let call = call.max(Duration::from_nanos(1));
        let batch = batch.unwrap_or_else(|| {
            let calls = (clock * CLOCK_SHARE).as_nanos().div_ceil(call.as_nanos());
            calls.clamp(1, 1 << 16) as u32
        });
        let sample = call * batch;
        let fit = |time: Duration| (time.as_nanos() / sample.as_nanos()) as u64;
        let in_time = share.time.map(|time| fit(time).max(FEWEST_SAMPLES));
        let samples = match (share.samples, in_time) {
            (Some(samples), Some(in_time)) => samples.min(in_time),
            (Some(samples), None) => samples,
            (None, in_time) => in_time.unwrap_or(FEWEST_SAMPLES),
        };
        let per_visit = fit(VISIT).clamp(1, samples.max(1));
        let warm_up = if call > NO_WARM_UP {
            0
        } else {
            (per_visit as u32 * batch / WARM_UP).max(1)
        };
        Self {
            batch,
            per_visit,
            visits: samples.div_ceil(per_visit),
            samples,
            warm_up,
        }
    }

    /// Whether the arm is visited in this round: its visits are spread over all rounds.
    fn is_due(&self, round: u64, rounds: u64) -> bool {
        let before = |round| u128::from(self.visits) * u128::from(round) / u128::from(rounds);
        before(round + 1) > before(round)
    }
}

fn visit(work: &mut Work, plan: &Plan, wanted: u64, round: u64, tally: &mut Tally) {
    work(plan.warm_up);
    let samples: Vec<Duration> = (0..plan.per_visit.min(wanted))
        .map(|_| {
            let start = clock::now();
            work(plan.batch);
            clock::since(start)
        })
        .collect();
    // Recorded only now: histograms between two calls would cost the second one its caches.
    for elapsed in samples {
        tally.record(round, &sample(per_call(elapsed, plan.batch)));
    }
}

/// To the nearest nanosecond.
fn per_call(elapsed: Duration, batch: u32) -> Duration {
    let batch = u128::from(batch);
    Duration::from_nanos(((elapsed.as_nanos() + batch / 2) / batch) as u64)
}

/// A call that did nothing but sign.
fn sample(total: Duration) -> Sample {
    let mut phases = PhaseTimes::default();
    phases[Phase::Signing] = total;
    Sample {
        outcome: Outcome::Ok,
        total,
        phases,
        attempts: 1,
        fresh: 0,
        reused: 0,
        identity: Vec::new(),
        error: None,
    }
}

/// What it takes to read the clock.
fn clock_cost() -> Duration {
    const READS: u32 = 10_000;
    let start = clock::now();
    for _ in 0..READS {
        black_box(clock::now());
    }
    clock::since(start) / READS
}

/// About how long a call takes, after a first one that finds everything cold. The shortest of a few
/// looks: whatever interrupts one would pass for the call.
fn estimate(work: &mut Work) -> Duration {
    let mut look = |calls: u32| {
        let start = clock::now();
        work(calls);
        clock::since(start) / calls
    };
    look(1);
    let mut calls = 1;
    loop {
        let call = look(calls);
        if call * calls >= LOOK || calls >= 1 << 16 {
            let looks = if call >= LOOK { 0 } else { LOOKS };
            return (0..looks).map(|_| look(calls)).fold(call, Duration::min);
        }
        calls *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Duration = Duration::from_nanos(25);

    fn plan(call: Duration, samples: Option<u64>, time: Option<u64>) -> Plan {
        let time = time.map(Duration::from_millis);
        Plan::of(call, None, CLOCK, Budget { samples, time })
    }

    #[test]
    fn short_calls_are_timed_in_batches_that_hide_the_clock() {
        assert_eq!(plan(Duration::from_nanos(250), None, Some(100)).batch, 10);
        assert_eq!(plan(Duration::from_micros(3), None, Some(100)).batch, 1);
    }

    #[test]
    fn an_arm_gets_its_share_of_the_time_and_never_too_few_samples() {
        let short = plan(Duration::from_micros(10), None, Some(100));
        assert_eq!(
            (short.samples, short.per_visit, short.visits),
            (10_000, 100, 100)
        );
        let long = plan(Duration::from_millis(60), None, Some(100));
        assert_eq!((long.samples, long.per_visit, long.warm_up), (5, 1, 0));
        assert_eq!(plan(Duration::from_millis(60), Some(3), None).samples, 3);
        assert_eq!(
            plan(Duration::from_micros(10), Some(7), Some(100)).samples,
            7
        );
    }

    #[test]
    fn visits_are_spread_over_the_rounds() {
        let long = plan(Duration::from_millis(60), None, Some(100));
        let due: Vec<u64> = (0..100).filter(|&round| long.is_due(round, 100)).collect();
        assert_eq!(due, [19, 39, 59, 79, 99]);
    }

    #[test]
    fn every_arm_gets_its_samples_and_all_of_its_time_is_signing() {
        let mut arms = [
            Arm::new("short", || 1 + 1),
            Arm::new("fixed", || 1 + 1).in_batches_of(7),
        ];
        let timer = Timer {
            budget: Budget {
                samples: Some(50),
                time: None,
            },
            seed: 1,
            stop: Stop::default(),
        };
        let visits = Visits::default();
        let results = timer.run(&mut arms, &visits);
        let (done, planned) = visits.seen();
        assert_eq!(done, planned);
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
        let budget = Budget {
            samples: Some(50),
            time: None,
        };
        let timer = Timer {
            budget,
            seed: 1,
            stop,
        };
        let results = timer.run(&mut [Arm::new("never", || ())], &Visits::default());
        assert_eq!(results[0].tally.requests, 0);
    }
}

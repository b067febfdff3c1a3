//! How one arm's share of a run is spent: how many samples, in visits of how many, each the mean of how
//! many calls.

use std::hint::black_box;
use std::time::Duration;

use crate::clock;

/// Reading the clock may take one part in so many of a sample, no more.
const CLOCK_SHARE: u32 = 100;

/// How long an arm is visited before the next one has its turn.
const VISIT: Duration = Duration::from_millis(1);

/// Of a visit, the part that warms up: one call in so many.
const WARM_UP: u32 = 8;

/// Calls longer than this are not warmed up: they bring their own data.
const NO_WARM_UP: Duration = Duration::from_millis(1);

/// How long an arm is looked at before its visits are planned, and how often.
const LOOK: Duration = Duration::from_micros(200);
const LOOKS: u32 = 5;

/// No further look at an arm that has been looked at for so long.
const LONGEST_LOOK: Duration = Duration::from_millis(20);

/// Samples of an arm whose share of the time would not allow as many.
pub(super) const FEWEST_SAMPLES: u64 = 5;

/// How much to measure; whichever comes first.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Samples per arm.
    pub samples: Option<u64>,
    /// For all arms together.
    pub time: Option<Duration>,
}

/// How one arm's share of the run is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VisitPlan {
    pub(super) batch: u32,
    pub(super) per_visit: u64,
    pub(super) visits: u64,
    pub(super) samples: u64,
    pub(super) warm_up: u32,
}

impl VisitPlan {
    pub(super) fn of(call: Duration, batch: Option<u32>, clock: Duration, share: Budget) -> Self {
        let call = call.max(Duration::from_nanos(1));
        let batch = batch.unwrap_or_else(|| {
            let calls = (clock * CLOCK_SHARE).as_nanos().div_ceil(call.as_nanos());
            calls.clamp(1, 1 << 16) as u32
        });
        let sample = call * batch;
        let fit = |time: Duration| (time.as_nanos() / sample.as_nanos()) as u64;
        let in_time = share.time.map(|time| fit(time).max(FEWEST_SAMPLES));
        let limits = share.samples.into_iter().chain(in_time);
        let samples = limits.min().unwrap_or(FEWEST_SAMPLES);
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
    pub(super) fn is_due(&self, round: u64, rounds: u64) -> bool {
        let before = |round| u128::from(self.visits) * u128::from(round) / u128::from(rounds);
        before(round + 1) > before(round)
    }
}

/// What it takes to read the clock.
pub(super) fn clock_cost() -> Duration {
    const READS: u32 = 10_000;
    let start = clock::now();
    for _ in 0..READS {
        black_box(clock::now());
    }
    clock::since(start) / READS
}

/// About how long a call takes, after a first one that finds everything cold. The shortest of a few
/// looks: whatever interrupts one would pass for the call.
pub(super) fn estimate(work: &mut impl FnMut(u32)) -> Duration {
    let mut look = |calls: u32| {
        let start = clock::now();
        work(calls);
        clock::since(start) / calls
    };
    look(1);
    let start = clock::now();
    let mut calls = 1;
    let mut call = look(calls);
    while call * calls < LOOK && calls < 1 << 16 {
        calls *= 2;
        call = call.min(look(calls));
    }
    let looks = (0..LOOKS).take_while(|_| clock::since(start) < LONGEST_LOOK);
    looks.map(|_| look(calls)).fold(call, Duration::min)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Duration = Duration::from_nanos(25);

    fn plan(call: Duration, samples: Option<u64>, time: Option<u64>) -> VisitPlan {
        let time = time.map(Duration::from_millis);
        VisitPlan::of(call, None, CLOCK, Budget { samples, time })
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
        let both = plan(Duration::from_micros(10), Some(7), Some(100));
        assert_eq!(both.samples, 7);
    }

    #[test]
    fn visits_are_spread_over_the_rounds() {
        let long = plan(Duration::from_millis(60), None, Some(100));
        let due: Vec<u64> = (0..100).filter(|&round| long.is_due(round, 100)).collect();
        assert_eq!(due, [19, 39, 59, 79, 99]);
    }
}

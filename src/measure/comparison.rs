//! Is one arm faster than another, by how much, and how sure is that?
//!
//! Arms are interleaved, so the calls of one round met the same conditions. Rounds are grouped into
//! blocks, and blocks, not calls, are what is resampled: latencies that depend on their neighbours
//! (a slow minute, a warming cache) then widen the interval instead of faking certainty.
//!
//! - The interval is a percentile bootstrap over blocks (Künsch 1989; Efron & Tibshirani 1993, ch. 13).
//! - The verdict is a permutation test over the same blocks: were the arms alike, swapping their names
//!   inside a block would change nothing. It is exact whatever the distribution, so its error rate is
//!   the level, also for a p99 of few calls.

use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde::{Deserialize, Serialize};

use super::blocks;
pub use super::blocks::LatencyBlocks;
use super::resampling::{Blocks, LEVEL};
pub use super::resampling::{CONFIDENCE, Pairing};
use super::series::Series;
pub use super::statistic::Statistic;
use super::tally::Tally;

/// Smallest difference that matters: this share of the baseline …
const SMALLEST_SHARE: f64 = 0.05;

/// … but never less than this many nanoseconds, the grain of a scheduler.
const SMALLEST_NANOS: f64 = 20_000.0;

/// One statistic of the total, compared between two arms. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub statistic: Statistic,
    pub baseline: f64,
    pub candidate: f64,
    /// Candidate − baseline.
    pub difference: f64,
    /// `None` when there were too few calls to resample.
    pub interval: Option<(f64, f64)>,
    /// The smallest difference that matters.
    pub smallest: f64,
    pub verdict: Verdict,
    /// Where the verdict is inconclusive: about how many more calls per arm would settle it.
    pub more_calls: Option<u64>,
}

/// What a comparison says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    #[serde(rename = "faster")]
    Faster,
    #[serde(rename = "slower")]
    Slower,
    /// The interval lies within the smallest difference that matters.
    #[serde(rename = "no difference")]
    NoDifference,
    /// The data allow neither.
    #[serde(rename = "inconclusive")]
    Inconclusive,
}

/// Compares the totals of successful calls of one run; `None` when either arm has none.
#[must_use]
pub fn compare(
    baseline: &Tally,
    candidate: &Tally,
    statistic: Statistic,
    seed: u64,
) -> Option<Comparison> {
    let rounds = block_rounds(&baseline.series, &candidate.series);
    let short = latency_blocks(baseline, candidate, rounds);
    // Three blocks are the fewest that can say anything; they are too few for all but a plain difference.
    let longest = (short[0].len().min(short[1].len()) as u64 / 3).max(1);
    let longer = rounds.saturating_mul(lengthening(&short).min(longest));
    let blocks = latency_blocks(baseline, candidate, longer);
    let pairing = Pairing::Interleaved;
    let compared = compare_blocks(&blocks[0], &blocks[1], statistic, pairing, seed)?;
    let exact = |tally: &Tally| statistic.of(&tally.succeeded.total);
    Some(compared.with(exact(baseline)?, exact(candidate)?))
}

impl Comparison {
    /// The same comparison around figures that were measured more finely than its blocks hold them.
    pub(crate) fn with(self, baseline: f64, candidate: f64) -> Self {
        let difference = candidate - baseline;
        let shift = difference - self.difference;
        Self {
            baseline,
            candidate,
            difference,
            interval: self.interval.map(|(low, high)| (low + shift, high + shift)),
            ..self
        }
    }
}

fn latency_blocks(baseline: &Tally, candidate: &Tally, rounds: u64) -> [LatencyBlocks; 2] {
    [baseline, candidate].map(|tally| {
        let slices = tally.series.slices(rounds).into_iter();
        slices
            .map(|slice| slice.map(|slice| slice.latencies).unwrap_or_default())
            .collect()
    })
}

/// How many times as long blocks must be for the arms' difference in one to tell nothing about the next.
fn lengthening(arms: &[LatencyBlocks; 2]) -> u64 {
    let pairs = arms[0].iter().zip(&arms[1]);
    let difference =
        |(baseline, candidate)| Some(blocks::mean_log(candidate)? - blocks::mean_log(baseline)?);
    blocks::lengthening(&pairs.filter_map(difference).collect::<Vec<_>>())
}

/// Rounds per block, for about as many blocks as are [wanted](blocks::wanted).
fn block_rounds(baseline: &Series, candidate: &Series) -> u64 {
    let rounds = baseline.count().max(candidate.count());
    let wanted = blocks::wanted(rounds);
    let finest = baseline
        .rounds_per_block()
        .max(candidate.rounds_per_block());
    ((rounds as f64 / wanted) as u64 / finest * finest).max(finest)
}

/// Compares latencies by block; `None` when either side has none.
pub(crate) fn compare_blocks(
    baseline: &LatencyBlocks,
    candidate: &LatencyBlocks,
    statistic: Statistic,
    pairing: Pairing,
    seed: u64,
) -> Option<Comparison> {
    let mut blocks = Blocks::of([baseline, candidate], statistic, pairing);
    let [base, cand] = blocks.measured()?;
    let difference = cand - base;
    let mut random = SmallRng::seed_from_u64(seed);
    let interval = blocks.interval(&mut random);
    let p = blocks.p(difference, &mut random);
    let smallest = (base * SMALLEST_SHARE).max(SMALLEST_NANOS);
    let verdict = verdict(smallest, difference, interval, p);
    let calls = baseline.iter().map(blocks::calls).sum();
    let undecided = interval.filter(|_| verdict == Verdict::Inconclusive);
    Some(Comparison {
        statistic,
        baseline: base,
        candidate: cand,
        difference,
        interval,
        smallest,
        verdict,
        more_calls: undecided.map(|interval| more_calls(calls, difference, interval, smallest)),
    })
}

fn verdict(smallest: f64, difference: f64, interval: Option<(f64, f64)>, p: f64) -> Verdict {
    let Some((low, high)) = interval else {
        return Verdict::Inconclusive;
    };
    if low > -smallest && high < smallest {
        Verdict::NoDifference
    } else if p > LEVEL || (low <= 0.0 && high >= 0.0) {
        Verdict::Inconclusive
    } else if difference < 0.0 {
        Verdict::Faster
    } else {
        Verdict::Slower
    }
}

/// An interval narrows with the square root of the calls; it must either leave out zero or fit within the
/// smallest difference that matters.
fn more_calls(calls: u64, difference: f64, (low, high): (f64, f64), smallest: f64) -> u64 {
    let half = (high - low) / 2.0;
    let room = (smallest - difference.abs())
        .max(difference.abs())
        .max(smallest / 10.0);
    // A fifth more than just enough, since the estimate is itself uncertain.
    let wanted = calls as f64 * (half / room).powi(2).max(1.0) * 1.2;
    (wanted as u64).saturating_sub(calls).max(1)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use rand_distr::{Distribution, LogNormal};

    use super::*;
    use crate::measure::{Phase, Sample};

    const MEDIAN: Statistic = Statistic::Quantile(0.5);

    fn tally(latencies: impl IntoIterator<Item = f64>) -> Tally {
        let mut tally = Tally::default();
        for (round, seconds) in latencies.into_iter().enumerate() {
            let sample = Sample::of_phase(Phase::Transmit, Duration::from_secs_f64(seconds));
            tally.record(round as u64, Duration::ZERO, &sample);
        }
        tally
    }

    /// Lognormal around 20 ms, p99 twice the median.
    fn lognormal(seed: u64, calls: usize, scale: f64) -> Tally {
        let distribution = LogNormal::new((0.02 * scale).ln(), 0.3).unwrap();
        tally(
            distribution
                .sample_iter(SmallRng::seed_from_u64(seed))
                .take(calls),
        )
    }

    /// The logarithm of a latency, which keeps this share of itself from one call to the next: 0 of
    /// independent calls, 0.9 of a drift.
    struct Walk(f64);

    impl Walk {
        fn next(&mut self, kept: f64, random: &mut SmallRng) -> f64 {
            let shock: f64 = rand_distr::StandardNormal.sample(random);
            self.0 = kept * self.0 + (1.0 - kept * kept).sqrt() * shock;
            self.0
        }
    }

    const DRIFT: f64 = 0.9;

    /// How latencies depend on their neighbours: not at all, on a drift that both arms share, or each arm
    /// on a drift of its own.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Dependence {
        None,
        Shared,
        Own,
    }

    /// Two arms interleaved: the second `scale` times as slow.
    fn pair(seed: u64, calls: usize, scale: f64, dependence: Dependence) -> [Tally; 2] {
        let mut random = SmallRng::seed_from_u64(seed);
        let (mut walks, mut arms) = ([Walk(0.0), Walk(0.0)], [Vec::new(), Vec::new()]);
        let kept = match dependence {
            Dependence::None => 0.0,
            Dependence::Shared | Dependence::Own => DRIFT,
        };
        let own = dependence == Dependence::Own;
        for _ in 0..calls {
            for (arm, factor) in [1.0, scale].into_iter().enumerate() {
                let walk = &mut walks[if own { arm } else { 0 }];
                arms[arm].push(0.02 * factor * (0.3 * walk.next(kept, &mut random)).exp());
            }
        }
        arms.map(tally)
    }

    /// A run by itself as its finest blocks.
    fn run(seed: u64, calls: usize, scale: f64, kept: f64) -> LatencyBlocks {
        let mut random = SmallRng::seed_from_u64(seed);
        let mut walk = Walk(0.0);
        let mut blocks = vec![BTreeMap::new(); calls.div_ceil(calls.div_ceil(64))];
        for call in 0..calls {
            let nanos = (2e7 * scale * (0.3 * walk.next(kept, &mut random)).exp()) as u64;
            *blocks[call / calls.div_ceil(64)].entry(nanos).or_default() += 1;
        }
        blocks
    }

    /// Holds two hundred comparisons of each kind, with fixed seeds, to their error rate: arms of 100 calls that
    /// are the same, and of 400 where one is a tenth slower, which is to be seen `wanted` times. To see the rates:
    /// `cargo test --release --lib err_at_most_once -- --nocapture`.
    fn assert_error_rates(
        kind: &str,
        wanted: impl Fn(Statistic) -> usize,
        compared: impl Fn(u64, usize, f64, Statistic) -> Option<Comparison>,
    ) {
        for statistic in Statistic::USUAL {
            let count = |calls, scale, counted: &[Verdict]| {
                let all = (0..200).filter_map(|seed| compared(seed, calls, scale, statistic));
                all.filter(|comparison| counted.contains(&comparison.verdict))
                    .count()
            };
            let false_alarms = count(100, 1.0, &[Verdict::Faster, Verdict::Slower]);
            let seen = count(400, 1.1, &[Verdict::Slower]);
            let counts = format!(
                "{statistic:?}, {kind}; the same called different: {false_alarms} of 200; a tenth slower \
                 seen: {seen} of 200"
            );
            assert!(false_alarms <= 10, "{counts}");
            assert!(seen >= wanted(statistic), "{counts}");
        }
    }

    #[test]
    fn verdicts_err_at_most_once_in_twenty_and_see_ten_percent_nine_times_in_ten() {
        for dependence in [Dependence::None, Dependence::Shared, Dependence::Own] {
            let wanted = |statistic| {
                let central = statistic == Statistic::Mean || statistic == MEDIAN;
                let is_seen = central && dependence != Dependence::Own;
                if is_seen { 180 } else { 0 }
            };
            let kind = format!("dependence: {dependence:?}");
            assert_error_rates(&kind, wanted, |seed, calls, scale, statistic| {
                let [a, b] = pair(seed, calls, scale, dependence);
                compare(&a, &b, statistic, seed)
            });
        }
    }

    /// A little less is seen than of arms that shared a run.
    #[test]
    fn separate_runs_err_at_most_once_in_twenty_and_see_most_differences_of_a_tenth() {
        let in_order: fn(LatencyBlocks) -> LatencyBlocks = blocks::merged;
        let shuffled = |run: LatencyBlocks| {
            let mut whole = BTreeMap::new();
            for (value, count) in run.into_iter().flatten() {
                *whole.entry(value).or_default() += u64::from(count);
            }
            blocks::dealt(&whole, 1)
        };
        for (kept, cut, kind) in [
            (0.0, in_order, "independent calls"),
            (DRIFT, in_order, "a drift"),
            (0.0, shuffled, "order lost"),
        ] {
            let wanted = |statistic| {
                let is_tail = matches!(statistic, Statistic::Quantile(quantile) if quantile > 0.5);
                if kept > 0.0 || is_tail { 0 } else { 170 }
            };
            assert_error_rates(kind, wanted, |seed, calls, scale, statistic| {
                let base = cut(run(2 * seed, calls, 1.0, kept));
                let new = cut(run(2 * seed + 1, calls, scale, kept));
                compare_blocks(&base, &new, statistic, Pairing::Separate, 1)
            });
        }
    }

    #[test]
    fn halving_the_latency_is_seen_with_a_hundred_calls() {
        let (slow, fast) = (lognormal(1, 100, 1.0), lognormal(2, 100, 0.5));
        let comparison = compare(&slow, &fast, MEDIAN, 1).unwrap();
        assert_eq!(comparison.verdict, Verdict::Faster);
        let (low, high) = comparison.interval.unwrap();
        assert!(low <= comparison.difference && comparison.difference <= high);
        let reversed = compare(&fast, &slow, MEDIAN, 1).unwrap();
        assert_eq!(reversed.verdict, Verdict::Slower);
    }

    #[test]
    fn a_tenth_of_the_latency_is_seen_with_thirty_calls_however_their_jitter_drifts() {
        for seed in 0..100 {
            let [slow, fast] = pair(seed, 30, 0.1, Dependence::Own);
            let verdict = compare(&slow, &fast, MEDIAN, seed).unwrap().verdict;
            assert_eq!(verdict, Verdict::Faster, "seed {seed}");
        }
    }

    #[test]
    fn constant_latencies_are_told_apart_although_they_tie() {
        for calls in [8, 30, 100] {
            let constant = |millis: f64| tally(std::iter::repeat_n(millis / 1e3, calls));
            let comparison = compare(&constant(40.0), &constant(4.0), MEDIAN, 1).unwrap();
            assert_eq!(comparison.verdict, Verdict::Faster, "{calls} calls");
        }
    }

    #[test]
    fn many_calls_of_the_same_thing_are_no_difference() {
        let (a, b) = (lognormal(1, 20_000, 1.0), lognormal(2, 20_000, 1.0));
        let verdict = compare(&a, &b, MEDIAN, 1).unwrap().verdict;
        assert_eq!(verdict, Verdict::NoDifference);
    }

    #[test]
    fn two_calls_are_inconclusive_and_none_are_no_comparison() {
        let (a, b) = (lognormal(1, 2, 1.0), lognormal(2, 2, 0.5));
        let verdict = compare(&a, &b, MEDIAN, 1).unwrap().verdict;
        assert_eq!(verdict, Verdict::Inconclusive);
        assert_eq!(compare(&a, &Tally::default(), MEDIAN, 1), None);
    }
}

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

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::blocks;
pub use super::blocks::LatencyBlocks;
use super::distribution::Distribution;
use super::resampling::Blocks;
use super::series::Series;
use super::tally::Tally;

/// Probability with which the interval covers the true difference.
pub const CONFIDENCE: f64 = 0.95;

/// Level of the test behind "faster" and "slower". The interval must leave out zero as well; together they
/// err less often than either, as the tests of this room count.
pub(super) const LEVEL: f64 = 0.03;

/// Smallest difference that matters: this share of the baseline …
const SMALLEST_SHARE: f64 = 0.05;

/// … but never less than this many nanoseconds, the grain of a scheduler.
const SMALLEST_NANOS: f64 = 20_000.0;

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    Mean,
    /// 0.5 is the median.
    Quantile(f64),
}

impl Statistic {
    /// What a run's arms are compared at.
    pub const USUAL: [Self; 4] = [
        Self::Quantile(0.5),
        Self::Quantile(0.9),
        Self::Quantile(0.99),
        Self::Mean,
    ];
}

/// How the calls of the two arms lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// In one run: block `i` of both arms met the same conditions.
    Interleaved,
    /// In runs of their own.
    Separate,
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Faster,
    Slower,
    /// The interval lies within the smallest difference that matters.
    NoDifference,
    /// The data allow neither.
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

impl Statistic {
    /// In nanoseconds; `None` of nothing.
    fn of(self, distribution: &Distribution) -> Option<f64> {
        let duration = match self {
            Self::Mean => distribution.mean(),
            Self::Quantile(quantile) => distribution.quantile(quantile),
        };
        duration.map(|duration| duration.as_nanos() as f64)
    }
}

impl Comparison {
    /// The same comparison around figures that were measured more finely than its blocks hold them.
    #[must_use]
    pub fn with(self, baseline: f64, candidate: f64) -> Self {
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
    let differences: Vec<f64> = arms[0]
        .iter()
        .zip(&arms[1])
        .filter_map(|(baseline, candidate)| {
            Some(blocks::mean_log(candidate)? - blocks::mean_log(baseline)?)
        })
        .collect();
    blocks::lengthening(&differences)
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
#[must_use]
pub fn compare_blocks(
    baseline: &LatencyBlocks,
    candidate: &LatencyBlocks,
    statistic: Statistic,
    pairing: Pairing,
    seed: u64,
) -> Option<Comparison> {
    let blocks = Blocks::of([baseline, candidate], statistic);
    let mut sums = blocks.sums();
    let [base, cand] = blocks.evaluate(blocks.as_measured(), &mut sums)?;
    let mut random = SmallRng::seed_from_u64(seed);
    let interval = blocks.interval(pairing, &mut random);
    let p = blocks.p(cand - base, pairing, &mut random);
    let smallest = (base * SMALLEST_SHARE).max(SMALLEST_NANOS);
    let verdict = verdict(smallest, cand - base, interval, p);
    let calls = baseline
        .iter()
        .flat_map(BTreeMap::values)
        .map(|&n| u64::from(n))
        .sum();
    Some(Comparison {
        statistic,
        baseline: base,
        candidate: cand,
        difference: cand - base,
        interval,
        smallest,
        verdict,
        more_calls: interval
            .filter(|_| verdict == Verdict::Inconclusive)
            .map(|interval| more_calls(calls, cand - base, interval, smallest)),
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
    use std::time::Duration;

    use rand_distr::{Distribution, LogNormal};

    use super::*;
    use crate::measure::{Outcome, PhaseTimes, Sample};

    const MEDIAN: Statistic = Statistic::Quantile(0.5);

    fn tally(latencies: impl Iterator<Item = f64>) -> Tally {
        let mut tally = Tally::default();
        for (round, seconds) in latencies.enumerate() {
            let sample = Sample {
                outcome: Outcome::Ok,
                total: Duration::from_secs_f64(seconds),
                phases: PhaseTimes::default(),
                attempts: 1,
                fresh: 0,
                reused: 1,
                identity: crate::measure::IdentityCounts::default(),
                error: None,
            };
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

    fn decided(verdict: Verdict) -> bool {
        matches!(verdict, Verdict::Faster | Verdict::Slower)
    }

    /// Two hundred comparisons of each kind, with fixed seeds. To see the rates:
    /// `cargo test --release --lib verdicts_err -- --nocapture`.
    #[test]
    fn verdicts_err_at_most_once_in_twenty_and_see_ten_percent_nine_times_in_ten() {
        for weather in [Weather::Calm, Weather::Shared, Weather::Own] {
            for statistic in Statistic::USUAL {
                let count = |calls, scale, counted: fn(Verdict) -> bool| {
                    let verdicts = (0..200).filter_map(|seed| {
                        let (a, b) = pair(seed, calls, scale, weather);
                        compare(&a, &b, statistic, seed)
                    });
                    verdicts
                        .filter(|comparison| counted(comparison.verdict))
                        .count()
                };
                let wolves = count(100, 1.0, decided);
                let seen = count(400, 1.1, |verdict| verdict == Verdict::Slower);
                println!(
                    "{statistic:?}, {weather:?}; the same called different: {wolves} of 200; \
                     a tenth slower seen: {seen} of 200"
                );
                assert!(
                    wolves <= 10,
                    "{wolves} of 200 at {statistic:?}, {weather:?}"
                );
                let central = matches!(statistic, Statistic::Mean) || statistic == MEDIAN;
                if central && weather != Weather::Own {
                    assert!(seen >= 180, "{seen} of 200 at {statistic:?}");
                }
            }
        }
    }

    /// How latencies depend on their neighbours: not at all, on a drift that both arms share, or each arm
    /// on a drift of its own. A drift is a walk of the logarithm that keeps 0.9 from call to call.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Weather {
        Calm,
        Shared,
        Own,
    }

    /// Two arms interleaved: the second `scale` times as slow.
    fn pair(seed: u64, calls: usize, scale: f64, weather: Weather) -> (Tally, Tally) {
        const KEPT: f64 = 0.9;
        let mut random = SmallRng::seed_from_u64(seed);
        let (mut states, mut arms) = ([0.0f64; 2], [Vec::new(), Vec::new()]);
        for _ in 0..calls {
            for (arm, factor) in [1.0, scale].into_iter().enumerate() {
                let shock: f64 = rand_distr::StandardNormal.sample(&mut random);
                let state = &mut states[if weather == Weather::Own { arm } else { 0 }];
                let kept = if weather == Weather::Calm { 0.0 } else { KEPT };
                *state = kept * *state + (1.0 - kept * kept).sqrt() * shock;
                arms[arm].push(0.02 * factor * (0.3 * *state).exp());
            }
        }
        let [a, b] = arms.map(|latencies| tally(latencies.into_iter()));
        (a, b)
    }

    #[test]
    fn halving_the_latency_is_seen_with_a_hundred_calls() {
        let (slow, fast) = (lognormal(1, 100, 1.0), lognormal(2, 100, 0.5));
        let comparison = compare(&slow, &fast, MEDIAN, 1).unwrap();
        assert_eq!(comparison.verdict, Verdict::Faster);
        let (low, high) = comparison.interval.unwrap();
        assert!(low <= comparison.difference && comparison.difference <= high);
        assert_eq!(
            compare(&fast, &slow, MEDIAN, 1).unwrap().verdict,
            Verdict::Slower
        );
    }

    #[test]
    fn a_tenth_of_the_latency_is_seen_with_thirty_calls_however_their_jitter_drifts() {
        for seed in 0..100 {
            let (slow, fast) = pair(seed, 30, 0.1, Weather::Own);
            let verdict = compare(&slow, &fast, MEDIAN, seed).unwrap().verdict;
            assert_ne!(verdict, Verdict::Slower, "seed {seed}");
            assert_eq!(verdict, Verdict::Faster, "seed {seed}");
        }
    }

    #[test]
    fn constant_latencies_are_told_apart_although_they_tie() {
        for calls in [8, 30, 100] {
            let constant = |millis: f64| tally(std::iter::repeat_n(millis / 1e3, calls));
            let comparison = compare(&constant(40.0), &constant(4.0), MEDIAN, 1).unwrap();
            assert_eq!(
                comparison.verdict,
                Verdict::Faster,
                "{calls} calls: {comparison:?}"
            );
        }
    }

    #[test]
    fn many_calls_of_the_same_thing_are_no_difference() {
        let (a, b) = (lognormal(1, 20_000, 1.0), lognormal(2, 20_000, 1.0));
        assert_eq!(
            compare(&a, &b, MEDIAN, 1).unwrap().verdict,
            Verdict::NoDifference
        );
    }

    #[test]
    fn two_calls_are_inconclusive_and_none_are_no_comparison() {
        let (a, b) = (lognormal(1, 2, 1.0), lognormal(2, 2, 0.5));
        assert_eq!(
            compare(&a, &b, MEDIAN, 1).unwrap().verdict,
            Verdict::Inconclusive
        );
        assert_eq!(compare(&a, &Tally::default(), MEDIAN, 1), None);
    }
}

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

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::tally::Tally;

/// Probability with which the interval covers the true difference.
pub const CONFIDENCE: f64 = 0.95;

/// Level of the test behind "faster" and "slower". A comparison is read at several quantiles; this
/// keeps the chance that any of three cries wolf near one in twenty.
const LEVEL: f64 = 0.02;

/// Smallest difference that matters: this share of the baseline …
const SMALLEST_SHARE: f64 = 0.05;

/// … but never less than this many nanoseconds, the grain of a scheduler.
const SMALLEST_NANOS: f64 = 20_000.0;

const RESAMPLES: usize = 999;

/// Blocks aimed at: enough to resample, and each long enough to hold its neighbours' influence.
const FEWEST_BLOCKS: u64 = 20;

/// One quantile of the total, compared between two arms. Times are nanoseconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// 0.5 is the median.
    pub quantile: f64,
    pub baseline: f64,
    pub candidate: f64,
    /// Candidate − baseline.
    pub difference: f64,
    /// `None` when there were too few calls to resample.
    pub interval: Option<(f64, f64)>,
    pub verdict: Verdict,
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

/// Compares the totals of successful calls; `None` when either arm has none.
#[must_use]
pub fn compare(
    baseline: &Tally,
    candidate: &Tally,
    quantile: f64,
    seed: u64,
) -> Option<Comparison> {
    let nanos = |tally: &Tally| Some(tally.succeeded.total.quantile(quantile)?.as_nanos() as f64);
    let (base, cand) = (nanos(baseline)?, nanos(candidate)?);
    let difference = cand - base;
    let blocks = Blocks::of(baseline, candidate);
    let mut random = SmallRng::seed_from_u64(seed);
    let interval = blocks.interval(quantile, &mut random);
    let p = blocks.permutation_p(quantile, &mut random);
    let verdict = verdict(base, difference, interval, p);
    Some(Comparison {
        quantile,
        baseline: base,
        candidate: cand,
        difference,
        interval,
        verdict,
    })
}

fn verdict(baseline: f64, difference: f64, interval: Option<(f64, f64)>, p: f64) -> Verdict {
    let Some((low, high)) = interval else {
        return Verdict::Inconclusive;
    };
    let smallest = (baseline * SMALLEST_SHARE).max(SMALLEST_NANOS);
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

/// Both arms' latencies by block, as counts over the values that occur.
struct Blocks {
    /// Nanoseconds, ascending.
    values: Vec<u64>,
    /// Per block and arm: (index into `values`, how often).
    counts: Vec<[Vec<(usize, u32)>; 2]>,
}

impl Blocks {
    fn of(baseline: &Tally, candidate: &Tally) -> Self {
        let series = [&baseline.series, &candidate.series];
        let rounds = series
            .map(super::series::Series::count)
            .into_iter()
            .max()
            .unwrap_or(0);
        let wanted = (rounds as f64).powf(2.0 / 3.0).max(FEWEST_BLOCKS as f64);
        let finest = series
            .map(super::series::Series::rounds_per_block)
            .into_iter()
            .max()
            .unwrap_or(1);
        let length = ((rounds as f64 / wanted) as u64 / finest * finest).max(finest);
        let arms = series.map(|series| series.blocks(length));
        let mut values: Vec<u64> = arms
            .iter()
            .flatten()
            .flat_map(std::collections::BTreeMap::keys)
            .copied()
            .collect();
        values.sort_unstable();
        values.dedup();
        let index = |block: Option<&std::collections::BTreeMap<u64, u32>>| {
            block
                .into_iter()
                .flatten()
                .map(|(value, &count)| (values.partition_point(|v| v < value), count))
                .collect()
        };
        let counts = (0..arms[0].len().max(arms[1].len()))
            .map(|i| [index(arms[0].get(i)), index(arms[1].get(i))])
            .collect();
        Self { values, counts }
    }

    /// The bootstrap interval of the difference, in nanoseconds.
    fn interval(&self, quantile: f64, random: &mut SmallRng) -> Option<(f64, f64)> {
        if self.counts.len() < 3 {
            return None;
        }
        let mut differences: Vec<f64> = (0..RESAMPLES)
            .filter_map(|_| {
                let picks = (0..self.counts.len())
                    .map(|_| (random.random_range(0..self.counts.len()), false));
                self.difference(quantile, picks)
            })
            .collect();
        if differences.len() < RESAMPLES / 2 {
            return None;
        }
        differences.sort_by(f64::total_cmp);
        let at =
            |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Some((at(tail), at(1.0 - tail)))
    }

    /// How often a difference at least as large arises when the arms' names are swapped at random.
    fn permutation_p(&self, quantile: f64, random: &mut SmallRng) -> f64 {
        let Some(seen) = self.difference(quantile, (0..self.counts.len()).map(|i| (i, false)))
        else {
            return 1.0;
        };
        let as_large = (0..RESAMPLES)
            .filter(|_| {
                let swaps = (0..self.counts.len()).map(|i| (i, random.random::<bool>()));
                self.difference(quantile, swaps)
                    .is_none_or(|d| d.abs() >= seen.abs())
            })
            .count();
        (as_large + 1) as f64 / (RESAMPLES + 1) as f64
    }

    /// Candidate − baseline over the picked blocks; a `true` swaps the arms of that block.
    fn difference(&self, quantile: f64, picks: impl Iterator<Item = (usize, bool)>) -> Option<f64> {
        let mut sums = [vec![0u64; self.values.len()], vec![0u64; self.values.len()]];
        for (block, swapped) in picks {
            for (arm, counts) in self.counts[block].iter().enumerate() {
                let sum = &mut sums[arm ^ usize::from(swapped)];
                for &(value, count) in counts {
                    sum[value] += u64::from(count);
                }
            }
        }
        let [baseline, candidate] = sums.map(|counts| self.quantile(&counts, quantile));
        Some(candidate? - baseline?)
    }

    fn quantile(&self, counts: &[u64], quantile: f64) -> Option<f64> {
        let total: u64 = counts.iter().sum();
        let rank = ((total as f64 * quantile).ceil() as u64).max(1);
        let mut seen = 0;
        counts
            .iter()
            .zip(&self.values)
            .find_map(|(&count, &value)| {
                seen += count;
                (count > 0 && seen >= rank).then_some(value as f64)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rand_distr::{Distribution, LogNormal};

    use super::*;
    use crate::measure::{Outcome, PhaseTimes, Sample};

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
                identity: vec![],
                error: None,
            };
            tally.record(round as u64, &sample);
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

    #[test]
    fn a_thing_compared_with_itself_is_rarely_called_faster_or_slower() {
        for quantile in [0.5, 0.99] {
            let wolves = (0..200)
                .filter(|&i| {
                    let (a, b) = (lognormal(2 * i, 100, 1.0), lognormal(2 * i + 1, 100, 1.0));
                    decided(compare(&a, &b, quantile, i).unwrap().verdict)
                })
                .count();
            assert!(wolves <= 10, "{wolves} of 200 at quantile {quantile}");
        }
    }

    #[test]
    fn halving_the_latency_is_seen_with_a_hundred_calls() {
        let (slow, fast) = (lognormal(1, 100, 1.0), lognormal(2, 100, 0.5));
        let comparison = compare(&slow, &fast, 0.5, 1).unwrap();
        assert_eq!(comparison.verdict, Verdict::Faster);
        let (low, high) = comparison.interval.unwrap();
        assert!(low <= comparison.difference && comparison.difference <= high);
        assert_eq!(
            compare(&fast, &slow, 0.5, 1).unwrap().verdict,
            Verdict::Slower
        );
    }

    #[test]
    fn many_calls_of_the_same_thing_are_no_difference() {
        let (a, b) = (lognormal(1, 20_000, 1.0), lognormal(2, 20_000, 1.0));
        assert_eq!(
            compare(&a, &b, 0.5, 1).unwrap().verdict,
            Verdict::NoDifference
        );
    }

    #[test]
    fn two_calls_are_inconclusive_and_none_are_no_comparison() {
        let (a, b) = (lognormal(1, 2, 1.0), lognormal(2, 2, 0.5));
        assert_eq!(
            compare(&a, &b, 0.5, 1).unwrap().verdict,
            Verdict::Inconclusive
        );
        assert_eq!(compare(&a, &Tally::default(), 0.5, 1), None);
    }
}

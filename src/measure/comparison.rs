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

use rand::rngs::SmallRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use super::series::Series;
use super::tally::Tally;

/// Probability with which the interval covers the true difference.
pub const CONFIDENCE: f64 = 0.95;

/// Level of the test behind "faster" and "slower": stricter than one in twenty, because an arm is compared
/// at several statistics and any of them may cry wolf.
const LEVEL: f64 = 0.03;

/// Smallest difference that matters: this share of the baseline …
const SMALLEST_SHARE: f64 = 0.05;

/// … but never less than this many nanoseconds, the grain of a scheduler.
const SMALLEST_NANOS: f64 = 20_000.0;

const RESAMPLES: usize = 999;

/// Blocks aimed at, at least: enough to resample, and each long enough to hold its neighbours' influence.
const FEWEST_BLOCKS: f64 = 20.0;

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

/// One arm's latencies in nanoseconds, and how often each was seen, by block of the run.
pub type LatencyBlocks = Vec<BTreeMap<u64, u32>>;

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
    let blocks = |tally: &Tally| -> LatencyBlocks {
        let slices = tally.series.slices(rounds).into_iter();
        slices
            .map(|slice| slice.map(|slice| slice.latencies).unwrap_or_default())
            .collect()
    };
    compare_blocks(
        &blocks(baseline),
        &blocks(candidate),
        statistic,
        Pairing::Interleaved,
        seed,
    )
}

/// Rounds per block: about as many blocks as there are rounds to the power of two thirds, the rate at
/// which the length of blocks must grow for the bootstrap to hold (Hall, Horowitz & Jing 1995).
fn block_rounds(baseline: &Series, candidate: &Series) -> u64 {
    let rounds = baseline.count().max(candidate.count());
    let wanted = (rounds as f64).powf(2.0 / 3.0).max(FEWEST_BLOCKS);
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
    let p = blocks.permutation_p(cand - base, pairing, &mut random);
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

/// Both arms' latencies by block, as counts over the values that occur.
struct Blocks {
    statistic: Statistic,
    /// Nanoseconds, ascending.
    values: Vec<u64>,
    /// Per arm and block: (index into `values`, how often).
    arms: [Vec<Vec<(usize, u32)>>; 2],
}

/// A block of an arm, and the arm that it counts for.
#[derive(Clone, Copy)]
struct Pick {
    arm: usize,
    block: usize,
    counts_for: usize,
}

impl Blocks {
    fn of(arms: [&LatencyBlocks; 2], statistic: Statistic) -> Self {
        let mut values: Vec<u64> = arms
            .iter()
            .flat_map(|blocks| blocks.iter())
            .flat_map(BTreeMap::keys)
            .copied()
            .collect();
        values.sort_unstable();
        values.dedup();
        let index = |block: &BTreeMap<u64, u32>| {
            let places = block.iter();
            places
                .map(|(value, &count)| (values.partition_point(|v| v < value), count))
                .collect()
        };
        let arms = arms.map(|blocks| blocks.iter().map(index).collect());
        Self {
            statistic,
            values,
            arms,
        }
    }

    fn sums(&self) -> [Vec<u64>; 2] {
        [vec![0; self.values.len()], vec![0; self.values.len()]]
    }

    fn as_measured(&self) -> impl Iterator<Item = Pick> {
        let picks = |arm: usize| {
            (0..self.arms[arm].len()).map(move |block| Pick {
                arm,
                block,
                counts_for: arm,
            })
        };
        picks(0).chain(picks(1))
    }

    /// The bootstrap interval of the difference, in nanoseconds.
    fn interval(&self, pairing: Pairing, random: &mut SmallRng) -> Option<(f64, f64)> {
        let lengths = [self.arms[0].len(), self.arms[1].len()];
        if lengths.iter().any(|&length| length < 3) {
            return None;
        }
        let mut sums = self.sums();
        let mut differences: Vec<f64> = (0..RESAMPLES)
            .filter_map(|_| {
                let picks = resample(lengths, pairing, random);
                self.difference(picks.into_iter(), &mut sums)
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

    /// How often a difference at least as large as the one seen arises when the arms' names are dealt out
    /// to the blocks at random.
    fn permutation_p(&self, seen: f64, pairing: Pairing, random: &mut SmallRng) -> f64 {
        let mut sums = self.sums();
        let as_large = (0..RESAMPLES)
            .filter(|_| {
                let picks = self.shuffled_names(pairing, random);
                let difference = self.difference(picks.into_iter(), &mut sums);
                difference.is_none_or(|difference| difference.abs() >= seen.abs())
            })
            .count();
        (as_large + 1) as f64 / (RESAMPLES + 1) as f64
    }

    fn shuffled_names(&self, pairing: Pairing, random: &mut SmallRng) -> Vec<Pick> {
        let mut picks: Vec<Pick> = self.as_measured().collect();
        match pairing {
            Pairing::Interleaved => {
                let longest = self.arms[0].len().max(self.arms[1].len());
                let swapped: Vec<bool> = (0..longest).map(|_| random.random()).collect();
                for pick in &mut picks {
                    pick.counts_for = pick.arm ^ usize::from(swapped[pick.block]);
                }
            }
            Pairing::Separate => {
                let mut names: Vec<usize> = picks.iter().map(|pick| pick.arm).collect();
                names.shuffle(random);
                for (pick, name) in picks.iter_mut().zip(names) {
                    pick.counts_for = name;
                }
            }
        }
        picks
    }

    fn difference(
        &self,
        picks: impl Iterator<Item = Pick>,
        sums: &mut [Vec<u64>; 2],
    ) -> Option<f64> {
        let [baseline, candidate] = self.evaluate(picks, sums)?;
        Some(candidate - baseline)
    }

    /// The statistic of both arms over the picked blocks; `sums` is scratch space.
    fn evaluate(
        &self,
        picks: impl Iterator<Item = Pick>,
        sums: &mut [Vec<u64>; 2],
    ) -> Option<[f64; 2]> {
        for sum in sums.iter_mut() {
            sum.fill(0);
        }
        for Pick {
            arm,
            block,
            counts_for,
        } in picks
        {
            for &(value, count) in &self.arms[arm][block] {
                sums[counts_for][value] += u64::from(count);
            }
        }
        Some([self.value(&sums[0])?, self.value(&sums[1])?])
    }

    fn value(&self, counts: &[u64]) -> Option<f64> {
        let total: u64 = counts.iter().sum();
        let mut pairs = counts.iter().zip(&self.values);
        match self.statistic {
            _ if total == 0 => None,
            Statistic::Mean => {
                let sum: f64 = pairs
                    .map(|(&count, &value)| count as f64 * value as f64)
                    .sum();
                Some(sum / total as f64)
            }
            Statistic::Quantile(quantile) => {
                let rank = ((total as f64 * quantile).ceil() as u64).max(1);
                let mut seen = 0;
                pairs.find_map(|(&count, &value)| {
                    seen += count;
                    (seen >= rank).then_some(value as f64)
                })
            }
        }
    }
}

/// As many blocks as each arm has, drawn with replacement; both arms draw the same ones where block `i` of
/// both is the same stretch of time.
fn resample(lengths: [usize; 2], pairing: Pairing, random: &mut SmallRng) -> Vec<Pick> {
    let pick = |arm, block| Pick {
        arm,
        block,
        counts_for: arm,
    };
    match pairing {
        Pairing::Interleaved => {
            let longest = lengths[0].max(lengths[1]);
            let drawn: Vec<usize> = (0..longest)
                .map(|_| random.random_range(0..longest))
                .collect();
            let of = |arm: usize| {
                drawn
                    .iter()
                    .filter(move |&&b| b < lengths[arm])
                    .map(move |&b| pick(arm, b))
            };
            of(0).chain(of(1)).collect()
        }
        Pairing::Separate => (0..2)
            .flat_map(|arm| (0..lengths[arm]).map(move |_| arm))
            .map(|arm| pick(arm, random.random_range(0..lengths[arm])))
            .collect(),
    }
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
                identity: vec![],
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
        for correlated in [false, true] {
            for statistic in Statistic::USUAL {
                let count = |calls, scale, counted: fn(Verdict) -> bool| {
                    let verdicts = (0..200).filter_map(|seed| {
                        let (a, b) = pair(seed, calls, scale, correlated);
                        compare(&a, &b, statistic, seed)
                    });
                    verdicts
                        .filter(|comparison| counted(comparison.verdict))
                        .count()
                };
                let wolves = count(100, 1.0, decided);
                let seen = count(400, 1.1, |verdict| verdict == Verdict::Slower);
                println!(
                    "{statistic:?}, correlated: {correlated}; the same called different: {wolves} of 200; \
                     a tenth slower seen: {seen} of 200"
                );
                assert!(wolves <= 10, "{wolves} of 200 at {statistic:?}");
                if matches!(statistic, Statistic::Mean) || statistic == MEDIAN {
                    assert!(seen >= 180, "{seen} of 200 at {statistic:?}");
                }
            }
        }
    }

    /// Two arms interleaved: the second `scale` times as slow; where correlated, both share a slow drift
    /// (an AR(1) walk of the logarithm, 0.9 from call to call).
    fn pair(seed: u64, calls: usize, scale: f64, correlated: bool) -> (Tally, Tally) {
        let mut random = SmallRng::seed_from_u64(seed);
        let normal = rand_distr::StandardNormal;
        let (mut state, mut a, mut b) = (0.0f64, Vec::new(), Vec::new());
        for _ in 0..calls {
            for (arm, factor) in [(&mut a, 1.0), (&mut b, scale)] {
                let shock: f64 = random.sample(normal);
                let log = if correlated {
                    state = 0.9 * state + (1.0f64 - 0.81).sqrt() * shock;
                    0.3 * state
                } else {
                    0.3 * shock
                };
                arm.push(0.02 * factor * log.exp());
            }
        }
        (tally(a.into_iter()), tally(b.into_iter()))
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

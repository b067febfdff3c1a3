//! Resampling by block: the bootstrap behind an interval and the permutation test behind a verdict.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use super::blocks::LatencyBlocks;
use super::statistic::Statistic;

/// Probability with which the interval covers the true difference.
pub const CONFIDENCE: f64 = 0.95;

/// Level of the test behind "faster" and "slower". The interval must leave out zero as well; together they
/// err less often than either, as the tests of `comparison` count.
pub(super) const LEVEL: f64 = 0.03;

/// Times that blocks are drawn anew.
const RESAMPLES: usize = 999;

/// With fewer blocks, not even the rarest of the ways to swap names reaches [`LEVEL`]: of 2⁶, two.
const FEWEST_TO_SWAP: usize = 7;

/// Student's t that is exceeded, on either side, with probability 0.02, by number of pairs. This is stricter
/// than [`LEVEL`], because so few blocks are left only where they remember each other.
const CRITICAL_T: [(usize, f64); 4] = [(3, 6.965), (4, 4.541), (5, 3.747), (6, 3.365)];

/// How the calls of the two arms lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// In one run: block `i` of both arms met the same conditions.
    Interleaved,
    /// In runs of their own.
    Separate,
}

/// Both arms' latencies by block, as counts over the values that occur.
pub(super) struct Blocks {
    statistic: Statistic,
    pairing: Pairing,
    /// Nanoseconds, ascending.
    values: Vec<u64>,
    /// Per arm and block: (index into `values`, how often).
    arms: [Vec<Vec<(usize, u32)>>; 2],
    /// Scratch space: how often each of `values` was picked for an arm.
    picked: [Vec<u64>; 2],
}

/// A block of an arm, and the arm that it counts for.
#[derive(Clone, Copy)]
struct Pick {
    arm: usize,
    block: usize,
    counts_for: usize,
}

impl Pick {
    fn own(arm: usize, block: usize) -> Self {
        Self {
            arm,
            block,
            counts_for: arm,
        }
    }
}

impl Blocks {
    pub(super) fn of(arms: [&LatencyBlocks; 2], statistic: Statistic, pairing: Pairing) -> Self {
        let all = arms.iter().flat_map(|blocks| blocks.iter());
        let mut values: Vec<u64> = all.flat_map(BTreeMap::keys).copied().collect();
        values.sort_unstable();
        values.dedup();
        let index = |block: &BTreeMap<u64, u32>| {
            let place = |value| values.partition_point(|v| v < value);
            let counts = block.iter();
            counts
                .map(|(value, &count)| (place(value), count))
                .collect()
        };
        let arms = arms.map(|blocks| blocks.iter().map(index).collect());
        let picked = [vec![0; values.len()], vec![0; values.len()]];
        Self {
            statistic,
            pairing,
            values,
            arms,
            picked,
        }
    }

    /// The statistic of both arms as measured, in nanoseconds; `None` when one has no calls.
    pub(super) fn measured(&mut self) -> Option<[f64; 2]> {
        self.evaluate(&self.as_measured())
    }

    /// The bootstrap interval of the difference, in nanoseconds.
    pub(super) fn interval(&mut self, random: &mut SmallRng) -> Option<(f64, f64)> {
        if self.arms.iter().any(|blocks| blocks.len() < 3) {
            return None;
        }
        let differences = (0..RESAMPLES).filter_map(|_| self.difference(&self.resampled(random)));
        let mut differences: Vec<f64> = differences.collect();
        if differences.len() < RESAMPLES / 2 {
            return None;
        }
        differences.sort_by(f64::total_cmp);
        let at =
            |share: f64| differences[((differences.len() - 1) as f64 * share).round() as usize];
        let tail = (1.0 - CONFIDENCE) / 2.0;
        Some((at(tail), at(1.0 - tail)))
    }

    /// The p of the test that the arms are alike, where they differ by `seen` nanoseconds.
    pub(super) fn p(&mut self, seen: f64, random: &mut SmallRng) -> f64 {
        if self.pairing == Pairing::Separate {
            return self.permutation_p(seen, random);
        }
        let ratios = self.block_ratios();
        if ratios.len() < FEWEST_TO_SWAP {
            return paired_t_p(&ratios);
        }
        // Pooled calls see a small difference sooner; blocks by themselves see one between latencies so
        // constant that pooled quantiles tie. Together they still err as rarely as the tests of
        // `comparison` ask.
        let pooled = self.permutation_p(seen, random);
        pooled.min(swapped_p(&ratios, random))
    }

    /// The logarithm of candidate over baseline in each block. Swapping the arms' names in a block changes
    /// its sign and nothing else.
    fn block_ratios(&mut self) -> Vec<f64> {
        let pairs = self.arms[0].len().min(self.arms[1].len());
        (0..pairs)
            .filter_map(|block| {
                let pair = [0, 1].map(|arm| Pick::own(arm, block));
                let [baseline, candidate] = self.evaluate(&pair)?;
                Some((candidate / baseline).ln())
            })
            .collect()
    }

    /// How often a difference at least as large as the one seen arises when the arms' names are dealt out
    /// to the blocks at random.
    fn permutation_p(&mut self, seen: f64, random: &mut SmallRng) -> f64 {
        share_at_least(|| {
            let difference = self.difference(&self.shuffled_names(random));
            difference.is_none_or(|difference| difference.abs() >= seen.abs())
        })
    }

    fn as_measured(&self) -> Vec<Pick> {
        let of = |arm: usize| (0..self.arms[arm].len()).map(move |block| Pick::own(arm, block));
        of(0).chain(of(1)).collect()
    }

    fn shuffled_names(&self, random: &mut SmallRng) -> Vec<Pick> {
        let mut picks = self.as_measured();
        match self.pairing {
            Pairing::Interleaved => {
                let swapped: Vec<bool> = (0..self.longest()).map(|_| random.random()).collect();
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

    /// As many blocks as each arm has, drawn with replacement; both arms draw the same ones where block `i`
    /// of both is the same stretch of time.
    fn resampled(&self, random: &mut SmallRng) -> Vec<Pick> {
        match self.pairing {
            Pairing::Interleaved => {
                let longest = self.longest();
                let drawn: Vec<usize> = (0..longest)
                    .map(|_| random.random_range(0..longest))
                    .collect();
                let of = |arm: usize| {
                    let has = drawn.iter().filter(move |&&b| b < self.arms[arm].len());
                    has.map(move |&block| Pick::own(arm, block))
                };
                of(0).chain(of(1)).collect()
            }
            Pairing::Separate => {
                let mut picks = self.as_measured();
                for pick in &mut picks {
                    pick.block = random.random_range(0..self.arms[pick.arm].len());
                }
                picks
            }
        }
    }

    fn longest(&self) -> usize {
        self.arms[0].len().max(self.arms[1].len())
    }

    fn difference(&mut self, picks: &[Pick]) -> Option<f64> {
        let [baseline, candidate] = self.evaluate(picks)?;
        Some(candidate - baseline)
    }

    /// The statistic of both arms over the picked blocks.
    fn evaluate(&mut self, picks: &[Pick]) -> Option<[f64; 2]> {
        for counts in &mut self.picked {
            counts.fill(0);
        }
        for pick in picks {
            for &(value, count) in &self.arms[pick.arm][pick.block] {
                self.picked[pick.counts_for][value] += u64::from(count);
            }
        }
        Some([self.value(&self.picked[0])?, self.value(&self.picked[1])?])
    }

    fn value(&self, counts: &[u64]) -> Option<f64> {
        let total: u64 = counts.iter().sum();
        let mut pairs = counts.iter().zip(&self.values);
        match self.statistic {
            _ if total == 0 => None,
            Statistic::Mean => {
                let products = pairs.map(|(&count, &value)| count as f64 * value as f64);
                Some(products.sum::<f64>() / total as f64)
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

/// The p of a test by resampling: how often `is_as_large` holds of what is drawn, the one seen included.
fn share_at_least(mut is_as_large: impl FnMut() -> bool) -> f64 {
    let as_large = (0..RESAMPLES).filter(|_| is_as_large()).count();
    (as_large + 1) as f64 / (RESAMPLES + 1) as f64
}

/// How often blocks whose arms swapped names at random differ at least as much, taken together.
fn swapped_p(ratios: &[f64], random: &mut SmallRng) -> f64 {
    // Sums in another order differ in their last digits.
    let seen = ratios.iter().sum::<f64>().abs() * (1.0 - 1e-9);
    share_at_least(|| {
        let signed = ratios.iter();
        let signed = signed.map(|ratio| if random.random() { *ratio } else { -ratio });
        signed.sum::<f64>().abs() >= seen
    })
}

/// A paired t-test of the blocks (Student 1908), for when they are too few for swapped names to say
/// anything: 1, or the level at which the arms are told apart.
fn paired_t_p(ratios: &[f64]) -> f64 {
    let n = ratios.len() as f64;
    let known = CRITICAL_T.iter().find(|(pairs, _)| *pairs == ratios.len());
    let Some(&(_, critical)) = known else {
        return 1.0;
    };
    let mean = ratios.iter().sum::<f64>() / n;
    let variance = ratios.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let differ = mean.abs() >= critical * (variance / n).sqrt() && mean != 0.0;
    if differ { LEVEL } else { 1.0 }
}

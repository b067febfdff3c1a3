//! Resampling by block: the bootstrap behind an interval and the permutation test behind a verdict.

use std::collections::BTreeMap;

use rand::Rng;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom;

use super::comparison::{CONFIDENCE, LEVEL, LatencyBlocks, Pairing, Statistic};

/// Times that blocks are drawn anew.
const RESAMPLES: usize = 999;

/// With fewer blocks, not even the rarest of the ways to swap names reaches [`LEVEL`]: of 2⁶, two.
const FEWEST_TO_SWAP: usize = 7;

/// Student's t that is exceeded, on either side, with probability 0.02, by number of pairs. This is stricter
/// than [`LEVEL`], because so few blocks are left only where they remember each other.
const CRITICAL_T: [(usize, f64); 4] = [(3, 6.965), (4, 4.541), (5, 3.747), (6, 3.365)];

/// Both arms' latencies by block, as counts over the values that occur.
pub(super) struct Blocks {
    statistic: Statistic,
    /// Nanoseconds, ascending.
    values: Vec<u64>,
    /// Per arm and block: (index into `values`, how often).
    arms: [Vec<Vec<(usize, u32)>>; 2],
}

/// A block of an arm, and the arm that it counts for.
#[derive(Clone, Copy)]
pub(super) struct Pick {
    arm: usize,
    block: usize,
    counts_for: usize,
}

impl Blocks {
    pub(super) fn of(arms: [&LatencyBlocks; 2], statistic: Statistic) -> Self {
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

    pub(super) fn sums(&self) -> [Vec<u64>; 2] {
        [vec![0; self.values.len()], vec![0; self.values.len()]]
    }

    pub(super) fn as_measured(&self) -> impl Iterator<Item = Pick> {
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
    pub(super) fn interval(&self, pairing: Pairing, random: &mut SmallRng) -> Option<(f64, f64)> {
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

    /// The p of the test that the arms are alike.
    pub(super) fn p(&self, seen: f64, pairing: Pairing, random: &mut SmallRng) -> f64 {
        match pairing {
            Pairing::Separate => self.permutation_p(seen, pairing, random),
            Pairing::Interleaved => {
                let ratios = self.block_ratios();
                if ratios.len() < FEWEST_TO_SWAP {
                    paired_t_p(&ratios)
                } else {
                    // Pooled calls see a small difference sooner; blocks by themselves see one between
                    // latencies so constant that pooled quantiles tie. Together they still err as
                    // rarely as the tests of `comparison` ask.
                    let pooled = self.permutation_p(seen, pairing, random);
                    pooled.min(swapped_p(&ratios, random))
                }
            }
        }
    }

    /// The logarithm of candidate over baseline in each block. Swapping the arms' names in a block changes
    /// its sign and nothing else.
    fn block_ratios(&self) -> Vec<f64> {
        let value = |block: &Vec<(usize, u32)>| {
            let mut sum = vec![0; self.values.len()];
            for &(value, count) in block {
                sum[value] += u64::from(count);
            }
            self.value(&sum)
        };
        let pairs = self.arms[0].iter().zip(&self.arms[1]);
        pairs
            .filter_map(|(baseline, candidate)| Some((value(candidate)? / value(baseline)?).ln()))
            .collect()
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
    pub(super) fn evaluate(
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

/// How often blocks whose arms swapped names at random differ at least as much, taken together.
fn swapped_p(ratios: &[f64], random: &mut SmallRng) -> f64 {
    let seen = ratios.iter().sum::<f64>().abs();
    let swapped = |random: &mut SmallRng| {
        let signed = ratios
            .iter()
            .map(|ratio| if random.random() { *ratio } else { -ratio });
        signed.sum::<f64>().abs()
    };
    // Sums in another order differ in their last digits.
    let as_large = (0..RESAMPLES)
        .filter(|_| swapped(random) >= seen * (1.0 - 1e-9))
        .count();
    (as_large + 1) as f64 / (RESAMPLES + 1) as f64
}

/// A paired t-test of the blocks (Student 1908), for when they are too few for swapped names to say
/// anything: 1, or the level at which the arms are told apart.
fn paired_t_p(ratios: &[f64]) -> f64 {
    let n = ratios.len() as f64;
    let Some(&(_, critical)) = CRITICAL_T
        .iter()
        .find(|(blocks, _)| *blocks == ratios.len())
    else {
        return 1.0;
    };
    let mean = ratios.iter().sum::<f64>() / n;
    let variance = ratios.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let told = mean.abs() >= critical * (variance / n).sqrt() && mean != 0.0;
    if told { LEVEL } else { 1.0 }
}

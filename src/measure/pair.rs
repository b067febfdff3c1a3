//! Two arms side by side: by how much their mean scores differ, and how much that difference would vary.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::blocks::{LatencyBlocks, Scores, Variance, batch_length, variance};
use super::series;
use super::tally::Tally;

/// How the calls of the two arms lie in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairing {
    /// In one run: block `i` of both arms met the same conditions.
    Interleaved,
    /// In runs of their own.
    Separate,
}

/// One arm's successful calls.
#[derive(Clone, Debug)]
pub struct Latencies {
    /// All of them, in nanoseconds.
    pub(super) histogram: Histogram<u64>,
    /// The same, less finely.
    blocks: LatencyBlocks,
    /// Whether the blocks are in the order of the run. Otherwise calls are taken to be independent of each other.
    ordered: bool,
}

impl Latencies {
    /// Calls whose order is known: `blocks` are stretches of the run.
    #[must_use]
    pub fn in_order(
        histogram: Histogram<u64>,
        blocks: impl IntoIterator<Item = Histogram<u64>>,
    ) -> Self {
        let blocks = blocks.into_iter().map(|block| rounded(&block));
        Self {
            histogram,
            blocks: blocks.collect(),
            ordered: true,
        }
    }

    /// What a document keeps of an arm.
    #[must_use]
    pub fn stored(tally: &Tally) -> Self {
        let mut latencies = Self::measured(tally, tally.series.rounds_per_block());
        latencies.blocks.retain(|block| !block.is_empty());
        latencies
    }

    /// Calls whose order was lost.
    #[must_use]
    pub fn unordered(histogram: Histogram<u64>) -> Self {
        let blocks = vec![rounded(&histogram)];
        Self {
            histogram,
            blocks,
            ordered: false,
        }
    }

    /// What was measured of an arm, in blocks of this many rounds.
    pub(super) fn measured(tally: &Tally, rounds: u64) -> Self {
        let slices = tally.series.slices(rounds).into_iter();
        let wide = |slice: series::Slice| {
            let counts = slice.latencies.into_iter();
            counts
                .map(|(value, count)| (value, u64::from(count)))
                .collect()
        };
        Self {
            histogram: tally.succeeded.total.histogram().clone(),
            blocks: slices
                .map(|slice| slice.map(wide).unwrap_or_default())
                .collect(),
            ordered: true,
        }
    }

    pub(super) fn calls(&self) -> f64 {
        self.histogram.len() as f64
    }
}

/// As [`series`] rounds, so that arms from different sources tie where they are alike.
fn rounded(histogram: &Histogram<u64>) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    for step in histogram.iter_recorded() {
        let nanos = histogram.median_equivalent(step.value_iterated_to());
        *counts.entry(series::rounded(nanos)).or_default() += step.count_at_value();
    }
    counts
}

pub(super) struct Pair<'a> {
    pub arms: [&'a Latencies; 2],
    pairing: Pairing,
    /// The share of both arms' calls that is below a latency, ties counting for half.
    ranks: BTreeMap<u64, f64>,
    /// Blocks per batch.
    lengths: [usize; 2],
}

/// The difference between two arms' mean scores.
#[derive(Clone, Copy, Debug)]
pub(super) struct Estimate {
    /// Candidate − baseline.
    pub difference: f64,
    pub variance: Variance,
    /// How many times as much each arm's mean varies as that of independent calls would.
    pub inflation: [f64; 2],
}

impl<'a> Pair<'a> {
    /// `None` where an arm has no calls. How long a run remembers is read from ranks, which no outlier hides.
    pub fn of(arms: [&'a Latencies; 2], pairing: Pairing) -> Option<Self> {
        let mut pair = Self {
            arms,
            pairing,
            ranks: midranks(arms),
            lengths: [1; 2],
        };
        let scores = pair.scores([&|nanos| pair.rank(nanos); 2])?;
        let lengths = match pairing {
            Pairing::Interleaved => [batch_length(&differences(&scores)); 2],
            Pairing::Separate => scores.map(|scores| batch_length(&scores.deviations)),
        };
        pair.lengths = lengths;
        Some(pair)
    }

    pub fn ranks(&self) -> Option<Estimate> {
        self.estimate([&|nanos| self.rank(nanos); 2])
    }

    pub fn means(&self) -> Option<Estimate> {
        self.estimate([&|nanos| nanos as f64; 2])
    }

    /// Of the shares of calls that are not above their arm's own quantile.
    pub fn shares_below(&self, quantile: f64) -> Option<Estimate> {
        let at = self
            .arms
            .map(|arm| series::rounded(arm.histogram.value_at_quantile(quantile)));
        let below = |at: u64| move |nanos: u64| f64::from(u8::from(nanos <= at));
        self.estimate([&below(at[0]), &below(at[1])])
    }

    fn rank(&self, nanos: u64) -> f64 {
        self.ranks.get(&nanos).copied().unwrap_or_default()
    }

    fn scores(&self, scores: [&dyn Fn(u64) -> f64; 2]) -> Option<[Scores; 2]> {
        let of = |arm: usize| Scores::of(&self.arms[arm].blocks, scores[arm]);
        Some([of(0)?, of(1)?])
    }

    fn estimate(&self, scores: [&dyn Fn(u64) -> f64; 2]) -> Option<Estimate> {
        let scores = self.scores(scores)?;
        let plain = [0, 1].map(|arm| scores[arm].plain);
        let ratio = |real: Variance, plain: f64| if plain > 0.0 { real.value / plain } else { 1.0 };
        let (variance, inflation) = match self.pairing {
            Pairing::Interleaved => {
                let real = variance(&differences(&scores), self.lengths[0]);
                (real, [ratio(real, plain[0].value + plain[1].value); 2])
            }
            Pairing::Separate => {
                let real = [0, 1].map(|arm| {
                    if self.arms[arm].ordered {
                        variance(&scores[arm].deviations, self.lengths[arm])
                    } else {
                        plain[arm]
                    }
                });
                (
                    real[0].plus(real[1]),
                    [0, 1].map(|arm| ratio(real[arm], plain[arm].value)),
                )
            }
        };
        Some(Estimate {
            difference: scores[1].mean - scores[0].mean,
            variance,
            inflation,
        })
    }
}

/// What each block adds to the difference between the two arms.
fn differences(scores: &[Scores; 2]) -> Vec<f64> {
    let longest = scores[0].deviations.len().max(scores[1].deviations.len());
    let at = |arm: usize, block: usize| scores[arm].deviations.get(block).copied().unwrap_or(0.0);
    (0..longest)
        .map(|block| at(1, block) - at(0, block))
        .collect()
}

fn midranks(arms: [&Latencies; 2]) -> BTreeMap<u64, f64> {
    let mut counts: BTreeMap<u64, u64> = BTreeMap::new();
    for (&nanos, &count) in arms.iter().flat_map(|arm| arm.blocks.iter().flatten()) {
        *counts.entry(nanos).or_default() += count;
    }
    let total = counts.values().sum::<u64>() as f64;
    let mut below = 0.0;
    let rank = |(nanos, count)| {
        let rank = (below + count as f64 / 2.0) / total;
        below += count as f64;
        (nanos, rank)
    };
    counts.into_iter().map(rank).collect()
}

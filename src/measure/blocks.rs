//! Calls in the order of a run, cut into blocks: how much a mean over them would vary were the run made again.
//!
//! A call counts for a score: its latency, its rank, or whether it lies below a quantile. Where blocks tell nothing
//! about one another, each is a batch by itself. Where they do, neighbours make one batch, until a batch holds what
//! the run remembers: the method of batch means (Schmeiser 1982).

use std::collections::BTreeMap;

/// One arm's latencies in nanoseconds, and how often each was seen, by block of the run.
pub type LatencyBlocks = Vec<BTreeMap<u64, u64>>;

/// From this many standard deviations of a correlation on, a block is taken to tell something about the next one.
/// That is little: independent blocks that are put together lose some power, dependent ones that are not make errors.
const REMEMBERS: f64 = 0.7;

/// Batches are made this many times as long as a first-order autoregression remembers.
const LENGTHENING: f64 = 2.0;

/// Batches left at least, of runs long enough to tell how long they remember: what depends on its neighbours for most
/// of a run shows a plain difference still.
const FEWEST_BATCHES: usize = 4;
const FEWEST_TO_CUT: usize = 32;

/// Scores that differ from their mean by a smaller share of it do so by rounding.
const ROUNDING: f64 = 1e-9;

/// The estimated variance of a mean score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Variance {
    pub value: f64,
    /// Batches that it was estimated from, in each arm.
    pub batches: f64,
    /// Degrees of freedom of the estimate.
    pub freedom: f64,
    /// Whether blocks had to be put together.
    pub remembers: bool,
}

impl Variance {
    /// Of the difference between two independent means (Welch 1947).
    pub fn plus(self, other: Self) -> Self {
        let value = self.value + other.value;
        let part = |one: Self| (one.value / value).powi(2) / one.freedom;
        let freedom = 1.0 / (part(self) + part(other));
        let known = freedom.is_finite() && value.is_finite();
        Self {
            value,
            freedom: if known {
                freedom
            } else {
                self.freedom.min(other.freedom)
            },
            batches: self.batches.min(other.batches),
            remembers: self.remembers || other.remembers,
        }
    }
}

/// One arm's scores.
pub(super) struct Scores {
    pub mean: f64,
    /// What each block adds to the deviation of the mean.
    pub deviations: Vec<f64>,
    /// The variance of the mean, were the calls independent of each other.
    pub plain: Variance,
}

impl Scores {
    /// `None` of no calls.
    pub fn of(blocks: &LatencyBlocks, score: impl Fn(u64) -> f64) -> Option<Self> {
        let calls: u64 = blocks.iter().flat_map(BTreeMap::values).sum();
        let sum = |block: &BTreeMap<u64, u64>, of: &dyn Fn(f64) -> f64| -> f64 {
            let parts = block.iter();
            parts
                .map(|(&value, &count)| count as f64 * of(score(value)))
                .sum()
        };
        let n = calls as f64;
        let mean = blocks
            .iter()
            .map(|block| sum(block, &|score| score))
            .sum::<f64>()
            / n;
        let apart = |score: f64| {
            let apart = score - mean;
            if apart.abs() > ROUNDING * mean.abs() {
                apart
            } else {
                0.0
            }
        };
        let squares: f64 = blocks
            .iter()
            .map(|block| sum(block, &|score| apart(score).powi(2)))
            .sum();
        (calls > 0).then(|| Self {
            mean,
            deviations: blocks.iter().map(|block| sum(block, &apart) / n).collect(),
            plain: Variance {
                value: squares / n / (n - 1.0).max(1.0),
                batches: n,
                freedom: n - 1.0,
                remembers: false,
            },
        })
    }
}

/// The variance of the sum of what blocks add, in batches of `length` blocks.
pub(super) fn variance(deviations: &[f64], length: usize) -> Variance {
    let count = deviations.len() / length;
    // All batches are about as long as each other; what is left over is in them.
    let edge = |batch: usize| batch * deviations.len() / count;
    let batch = |batch: usize| deviations[edge(batch)..edge(batch + 1)].iter().sum::<f64>();
    let squares: f64 = (0..count).map(|index| batch(index).powi(2)).sum();
    let freedom = count.saturating_sub(1) as f64;
    Variance {
        value: if count > 1 {
            squares * count as f64 / freedom
        } else {
            f64::INFINITY
        },
        batches: count as f64,
        freedom,
        remembers: length > 1,
    }
}

/// How many blocks make a batch that holds what the run remembers, from what the correlation of neighbours says.
pub(super) fn batch_length(deviations: &[f64]) -> usize {
    let n = deviations.len() as f64;
    let squares: f64 = deviations.iter().map(|d| d * d).sum();
    let products: f64 = deviations.windows(2).map(|pair| pair[0] * pair[1]).sum();
    // The estimate is low by 1/n …
    let kept = products / squares + 1.0 / n;
    if squares == 0.0 || kept <= REMEMBERS / n.sqrt() {
        return 1;
    }
    // … and by three times itself over n (Marriott & Pope 1954).
    let kept = (kept / (1.0 - 3.0 / n).max(0.5)).min(0.95);
    let longest = if deviations.len() < FEWEST_TO_CUT {
        usize::MAX
    } else {
        deviations.len() / FEWEST_BATCHES
    };
    ((LENGTHENING * (1.0 + kept) / (1.0 - kept)).ceil() as usize)
        .min(longest)
        .max(2)
}

#[cfg(test)]
mod tests {
    use rand::rngs::SmallRng;
    use rand::{Rng, SeedableRng};

    use super::*;

    /// The share of itself that a block keeps from the one before.
    fn keeping(share: f64, blocks: usize) -> Vec<f64> {
        let mut random = SmallRng::seed_from_u64(1);
        let mut level = 0.0;
        let mut next = || {
            level = share * level + random.random_range(-1.0..1.0);
            level
        };
        (0..blocks).map(|_| next()).collect()
    }

    #[test]
    fn blocks_that_tell_nothing_about_one_another_stay_as_they_are() {
        assert_eq!(batch_length(&keeping(-0.3, 64)), 1);
        assert_eq!(batch_length(&[0.0; 64]), 1, "constant latencies");
    }

    #[test]
    fn the_more_a_block_keeps_the_longer_the_batches() {
        let [some, much] = [0.4, 0.9].map(|share| batch_length(&keeping(share, 64)));
        assert!(1 < some && some < much, "{some} and {much}");
    }

    #[test]
    fn batches_hold_every_block_once() {
        let found = variance(&[3.0, -3.0, 2.0, 1.0, -3.0], 2);
        // Two batches, of (3, -3) and (2, 1, -3).
        assert_eq!(
            (found.value.to_bits(), found.freedom.to_bits()),
            (0f64.to_bits(), 1f64.to_bits())
        );
        assert!(
            variance(&[1.0, -1.0], 2).value.is_infinite(),
            "one batch tells nothing"
        );
    }

    #[test]
    fn scores_equal_but_for_rounding_do_not_vary() {
        let block = |count| BTreeMap::from([(20_000_001, count)]);
        let scores = Scores::of(&vec![block(3), block(7), block(1)], |nanos| {
            (nanos as f64).ln()
        });
        let scores = scores.expect("eleven calls");
        assert_eq!(scores.plain.value.to_bits(), 0f64.to_bits());
        assert!(Scores::of(&LatencyBlocks::new(), |nanos| nanos as f64).is_none());
    }
}

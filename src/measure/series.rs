//! Latencies in the order in which they were measured, in constant memory: what a comparison needs to
//! know about time, and a histogram has forgotten.

use std::collections::BTreeMap;

/// Blocks kept at most; when there are more, neighbours are merged.
const MOST_BLOCKS: usize = 64;

/// Steps per doubling of the latency: values are told apart to within 0.14 %.
const STEPS: u32 = 9;

/// An arm's latencies by block of rounds. Block `i` of one arm covers the same stretch of the run as
/// block `i` of another, which is what lets a comparison hold when latency drifts.
#[derive(Clone, Debug)]
pub struct Series {
    rounds_per_block: u64,
    blocks: Vec<BTreeMap<u32, u32>>,
}

impl Default for Series {
    fn default() -> Self {
        Self {
            rounds_per_block: 1,
            blocks: Vec::new(),
        }
    }
}

impl Series {
    /// Records `nanos`, measured in `round` of the run.
    pub fn record(&mut self, round: u64, nanos: u64) {
        while round / self.rounds_per_block >= MOST_BLOCKS as u64 {
            self.halve();
        }
        let block = (round / self.rounds_per_block) as usize;
        if self.blocks.len() <= block {
            self.blocks.resize_with(block + 1, BTreeMap::new);
        }
        *self.blocks[block].entry(key(nanos)).or_default() += 1;
    }

    /// Latencies recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.blocks
            .iter()
            .flat_map(BTreeMap::values)
            .map(|&n| u64::from(n))
            .sum()
    }

    /// Rounds that one block covers; always a power of two.
    #[must_use]
    pub fn rounds_per_block(&self) -> u64 {
        self.rounds_per_block
    }

    /// The blocks as (nanoseconds, how often), with `rounds` rounds in each (a multiple of
    /// [`rounds_per_block`](Self::rounds_per_block)).
    #[must_use]
    pub fn blocks(&self, rounds: u64) -> Vec<BTreeMap<u64, u32>> {
        let group = (rounds / self.rounds_per_block).max(1) as usize;
        self.blocks
            .chunks(group)
            .map(|chunk| {
                let mut merged = BTreeMap::new();
                for (&key, &count) in chunk.iter().flatten() {
                    *merged.entry(value(key)).or_default() += count;
                }
                merged
            })
            .collect()
    }

    fn halve(&mut self) {
        self.rounds_per_block *= 2;
        let mut merged: Vec<BTreeMap<u32, u32>> = Vec::with_capacity(MOST_BLOCKS);
        for (index, block) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            if index % 2 == 0 {
                merged.push(block);
            } else if let Some(last) = merged.last_mut() {
                for (key, count) in block {
                    *last.entry(key).or_default() += count;
                }
            }
        }
        self.blocks = merged;
    }
}

/// A latency as (exponent, mantissa of `STEPS` bits), in an order that is the latencies' own.
fn key(nanos: u64) -> u32 {
    let exponent = nanos.max(1).ilog2();
    if exponent < STEPS {
        return nanos.max(1) as u32;
    }
    let mantissa = (nanos >> (exponent - STEPS)) as u32 & ((1 << STEPS) - 1);
    ((exponent - STEPS + 1) << STEPS) | mantissa
}

/// The middle of the values that share a key.
fn value(key: u32) -> u64 {
    let exponent = key >> STEPS;
    if exponent == 0 {
        return u64::from(key);
    }
    let mantissa = u64::from(key & ((1 << STEPS) - 1)) | (1 << STEPS);
    let shift = exponent - 1;
    (mantissa << shift) + ((1u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_survive_their_key_to_within_a_tenth_of_a_percent() {
        for nanos in [1, 2, 511, 512, 513, 1_000, 1_234_567, 98_765_432_109] {
            let back = value(key(nanos));
            let error = (back as f64 / nanos as f64 - 1.0).abs();
            assert!(error <= 0.001, "{nanos} came back as {back}");
        }
    }

    #[test]
    fn keys_are_ordered_as_their_values() {
        let values: Vec<u64> = (0..60).map(|e| (1u64 << e) + e).collect();
        assert!(values.windows(2).all(|w| key(w[0]) <= key(w[1])));
    }

    #[test]
    fn blocks_stay_few_and_lose_no_value() {
        let mut series = Series::default();
        for round in 0..10_000 {
            series.record(round, 1_000 + round);
        }
        assert_eq!(series.count(), 10_000);
        assert!(series.blocks.len() <= MOST_BLOCKS);
        let merged = series.blocks(series.rounds_per_block() * 4);
        assert_eq!(
            merged.iter().flat_map(BTreeMap::values).sum::<u32>(),
            10_000
        );
    }

    #[test]
    fn a_block_holds_the_rounds_it_says() {
        let mut series = Series::default();
        for round in 0..100 {
            series.record(round, 1 + round);
        }
        assert_eq!(series.rounds_per_block(), 2);
        let first = &series.blocks(4)[0];
        assert_eq!(first.keys().copied().collect::<Vec<_>>(), [1, 2, 3, 4]);
    }
}

//! A run cut into blocks: what a comparison resamples, and how many it wants.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Binomial, Distribution};

/// One arm's latencies in nanoseconds, and how often each was seen, by block of the run.
pub type LatencyBlocks = Vec<BTreeMap<u64, u32>>;

/// Blocks aimed at, at least: enough to resample, and each long enough to hold its neighbours' influence.
const FEWEST: f64 = 20.0;

/// Blocks are made this many times as long as an autoregression remembers.
const LENGTHENING: f64 = 1.5;

/// Blocks made at most where the calls may be dealt out at will: more cost time and add nothing.
const MOST_DEALT: f64 = 64.0;

/// About as many blocks as there are calls to the power of two thirds, the rate at which the length of
/// blocks must grow for the bootstrap to hold (Hall, Horowitz & Jing 1995).
pub fn wanted(calls: u64) -> f64 {
    (calls as f64).powf(2.0 / 3.0).max(FEWEST)
}

/// How many times as long blocks must be, from a figure of each. Where a block tells something about the
/// next one, blocks are too short to be resampled as if they were independent; how much longer follows from
/// the time that a first-order autoregression takes to forget. Where that leaves fewer than three blocks, the
/// data decide nothing.
pub fn lengthening(figures: &[f64]) -> u64 {
    let n = figures.len() as f64;
    let mean = figures.iter().sum::<f64>() / n;
    let product = |a: f64, b: f64| (a - mean) * (b - mean);
    let variance: f64 = figures.iter().map(|&d| product(d, d)).sum();
    let covariance: f64 = figures.windows(2).map(|w| product(w[0], w[1])).sum();
    // The estimate is low by 1/n.
    let kept = covariance / variance + 1.0 / n;
    // Of independent blocks, one run in six exceeds one standard deviation.
    if variance == 0.0 || kept.is_nan() || kept <= 1.0 / n.sqrt() {
        return 1;
    }
    // And by three times itself over n (Marriott & Pope 1954).
    let kept = (kept / (1.0 - 3.0 / n).max(0.5)).min(0.95);
    (LENGTHENING * (1.0 + kept) / (1.0 - kept)).ceil() as u64
}

/// The mean of the logarithms of a block's latencies; `None` where it has none.
pub fn mean_log(block: &BTreeMap<u64, u32>) -> Option<f64> {
    let calls = calls(block);
    let sum: f64 = block
        .iter()
        .map(|(&nanos, &count)| f64::from(count) * (nanos.max(1) as f64).ln())
        .sum();
    (calls > 0).then(|| sum / calls as f64)
}

/// Neighbouring blocks put together until there are about as many as [`wanted`], or fewer where a block
/// still tells something about the next. Empty ones are left out, so the result suits runs that are compared
/// with others, not arms interleaved in one.
pub fn merged(finest: LatencyBlocks) -> LatencyBlocks {
    let finest: LatencyBlocks = finest.into_iter().filter(|b| !b.is_empty()).collect();
    let calls = finest.iter().map(calls).sum();
    let group = (finest.len() as f64 / wanted(calls)) as usize;
    let group = group.max(1);
    let memory = |blocks: &LatencyBlocks| {
        let figures: Vec<f64> = blocks.iter().filter_map(mean_log).collect();
        lengthening(&figures) as usize
    };
    let longer = group * memory(&in_groups(&finest, group));
    // Of few calls, the finest blocks show best how long a run remembers.
    in_groups(&finest, longer.max(memory(&finest)))
}

fn in_groups(blocks: &[BTreeMap<u64, u32>], size: usize) -> LatencyBlocks {
    let merge = |blocks: &[BTreeMap<u64, u32>]| {
        let mut merged: BTreeMap<u64, u32> = BTreeMap::new();
        for (&value, &count) in blocks.iter().flatten() {
            let sum = merged.entry(value).or_default();
            *sum = sum.saturating_add(count);
        }
        merged
    };
    blocks.chunks(size).map(merge).collect()
}

/// Calls whose order is not known, dealt out to blocks at random.
///
/// A comparison of such blocks takes the calls to be independent of each other: where they are not (a slow
/// minute, a warming cache), its interval is too narrow.
pub fn dealt(latencies: &BTreeMap<u64, u64>, seed: u64) -> LatencyBlocks {
    let calls = latencies
        .values()
        .fold(0, |sum: u64, &n| sum.saturating_add(n));
    let wanted = wanted(calls).min(MOST_DEALT) as usize;
    let mut random = SmallRng::seed_from_u64(seed);
    let mut blocks: LatencyBlocks = vec![BTreeMap::new(); wanted];
    for (&value, &count) in latencies {
        let mut left = count;
        for (index, block) in blocks.iter_mut().enumerate() {
            let share = 1.0 / (wanted - index) as f64;
            // Fails only for shares outside 0..=1.
            let drawn = Binomial::new(left, share).map_or(left, |draw| draw.sample(&mut random));
            if drawn > 0 {
                block.insert(value, u32::try_from(drawn).unwrap_or(u32::MAX));
            }
            left -= drawn;
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Calls in a block.
pub fn calls(block: &BTreeMap<u64, u32>) -> u64 {
    block.values().map(|&n| u64::from(n)).sum()
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn the_number_of_blocks_grows_with_the_two_thirds_power() {
        assert_eq!(wanted(10).to_bits(), 20f64.to_bits());
        assert!((wanted(1000) - 100.0).abs() < 1e-9);
    }

    /// Blocks of `calls` calls each, their latencies drawn by `next`.
    fn drawn(calls: u32, mut next: impl FnMut(&mut SmallRng) -> u64) -> LatencyBlocks {
        let mut random = SmallRng::seed_from_u64(1);
        let block = |_| BTreeMap::from([(next(&mut random), calls)]);
        (0..64).map(block).collect()
    }

    #[test]
    fn neighbours_are_merged_only_where_there_are_too_many_blocks() {
        let independent = |random: &mut SmallRng| random.random_range(1_000..2_000);
        let merged = merged(drawn(2, independent));
        assert_eq!(
            merged.len(),
            32,
            "128 calls want 25 blocks: two neighbours make one"
        );
        assert_eq!(merged.iter().map(calls).sum::<u64>(), 128);
        assert_eq!(super::merged(drawn(50, independent)).len(), 64);
    }

    #[test]
    fn blocks_that_remember_their_neighbours_are_made_longer() {
        let mut level = 10_000.0;
        let drifting = |random: &mut SmallRng| {
            level += random.random_range(-100.0..100.0);
            level as u64
        };
        let merged = merged(drawn(50, drifting));
        assert!(merged.len() < 10, "{}", merged.len());
    }

    #[test]
    fn dealing_loses_no_call_and_depends_on_the_seed_alone() {
        let latencies = BTreeMap::from([(10, 150), (20, 49), (30, 1)]);
        let blocks = dealt(&latencies, 7);
        assert_eq!(blocks, dealt(&latencies, 7));
        assert_ne!(blocks, dealt(&latencies, 8));
        let sum = |value| -> u32 { blocks.iter().filter_map(|b| b.get(&value)).sum() };
        assert_eq!((sum(10), sum(20), sum(30)), (150, 49, 1));
        assert!((30..=34).contains(&blocks.len()), "{}", blocks.len());
        assert!(dealt(&BTreeMap::new(), 1).is_empty());
    }
}

//! A run cut into blocks: what a comparison resamples, and how many it wants.

use std::collections::BTreeMap;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand_distr::{Binomial, Distribution};

/// One arm's latencies in nanoseconds, and how often each was seen, by block of the run.
pub type LatencyBlocks = Vec<BTreeMap<u64, u32>>;

/// Blocks aimed at, at least: enough to resample, and each long enough to hold its neighbours' influence.
const FEWEST: f64 = 20.0;

/// Blocks made at most where the calls may be dealt out at will: more cost time and add nothing.
const MOST_DEALT: f64 = 64.0;

/// About as many blocks as there are calls to the power of two thirds, the rate at which the length of
/// blocks must grow for the bootstrap to hold (Hall, Horowitz & Jing 1995).
#[must_use]
pub fn wanted(calls: u64) -> f64 {
    (calls as f64).powf(2.0 / 3.0).max(FEWEST)
}

/// Neighbouring blocks put together until there are about as many as [`wanted`]; empty ones are left out,
/// so the result suits runs that are compared with others, not arms interleaved in one.
#[must_use]
pub fn merged(finest: LatencyBlocks) -> LatencyBlocks {
    let finest: LatencyBlocks = finest.into_iter().filter(|b| !b.is_empty()).collect();
    let calls = finest.iter().map(calls).sum();
    let group = (finest.len() as f64 / wanted(calls)) as usize;
    let merge = |blocks: &[BTreeMap<u64, u32>]| {
        let mut merged: BTreeMap<u64, u32> = BTreeMap::new();
        for (&value, &count) in blocks.iter().flatten() {
            let sum = merged.entry(value).or_default();
            *sum = sum.saturating_add(count);
        }
        merged
    };
    finest.chunks(group.max(1)).map(merge).collect()
}

/// Calls whose order is not known, dealt out to blocks at random.
///
/// A comparison of such blocks takes the calls to be independent of each other: where they are not (a slow
/// minute, a warming cache), its interval is too narrow.
#[must_use]
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

fn calls(block: &BTreeMap<u64, u32>) -> u64 {
    block.values().map(|&n| u64::from(n)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_blocks_grows_with_the_two_thirds_power() {
        assert_eq!(wanted(10).to_bits(), 20f64.to_bits());
        assert!((wanted(1000) - 100.0).abs() < 1e-9);
    }

    #[test]
    fn neighbours_are_merged_only_where_there_are_too_many_blocks() {
        let finest: LatencyBlocks = (0..64).map(|n| BTreeMap::from([(n, 2)])).collect();
        let merged = merged(finest.clone());
        assert_eq!(
            merged.len(),
            32,
            "128 calls want 25 blocks: two neighbours make one"
        );
        assert_eq!(merged[0], BTreeMap::from([(0, 2), (1, 2)]));
        let many = finest.iter().map(|b| b.keys().map(|&v| (v, 50)).collect());
        assert_eq!(super::merged(many.collect()).len(), 64);
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

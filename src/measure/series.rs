//! An arm's calls in the order in which they were made, in constant memory: what a comparison and a
//! timeline need to know about time, and a histogram has forgotten.

use std::collections::BTreeMap;
use std::time::Duration;

use super::sample::{Outcome, Sample};

/// Blocks kept at most; when there are more, neighbours are merged.
const MOST_BLOCKS: usize = 64;

/// Latencies are told apart in 2^7 steps per doubling: what is recorded is within 0.4 % of what was
/// measured. Finer steps would cost memory that grows with the run for long.
const STEPS: u32 = 7;

/// An arm's calls by block of rounds. Block `i` of one arm covers the same stretch of the run as block `i`
/// of another, which is what lets a comparison hold when latency drifts.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// How often neighbouring blocks have become one.
    halvings: u32,
    blocks: Vec<Block>,
}

/// Calls of neighbouring rounds.
#[derive(Clone, Debug, Default)]
struct Block {
    span: Option<(Duration, Duration)>,
    /// Latencies of successful calls as (key, how often), in the order of the keys.
    latencies: Vec<(u16, u32)>,
    failed: u64,
    loads: u64,
}

/// A stretch of a run, as an arm saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice {
    /// When the first call of the slice began, from the start of the run.
    pub start: Duration,
    /// When the last one began.
    pub end: Duration,
    /// Latencies of successful calls in nanoseconds, to within 0.4 %, and how often each was seen.
    pub latencies: BTreeMap<u64, u32>,
    pub failed: u64,
    /// Calls that loaded credentials.
    pub loads: u64,
}

impl Series {
    /// Adds a call of `round` that began `at` after the start of the run.
    pub fn record(&mut self, round: u64, at: Duration, sample: &Sample) {
        while round >> self.halvings >= MOST_BLOCKS as u64 {
            self.halve();
        }
        let index = (round >> self.halvings) as usize;
        if self.blocks.len() <= index {
            self.blocks.resize_with(index + 1, Block::default);
        }
        self.blocks[index].record(at, sample);
    }

    /// Latencies of successful calls recorded.
    pub fn count(&self) -> u64 {
        let latencies = self.blocks.iter().flat_map(|block| &block.latencies);
        latencies.map(|&(_, count)| u64::from(count)).sum()
    }

    /// Rounds that one block covers; always a power of two.
    pub fn rounds_per_block(&self) -> u64 {
        1 << self.halvings
    }

    /// The run in slices of `rounds` rounds each (a multiple of
    /// [`rounds_per_block`](Self::rounds_per_block)); a slice without calls is `None`.
    pub fn slices(&self, rounds: u64) -> Vec<Option<Slice>> {
        let group = (rounds >> self.halvings).max(1) as usize;
        let merged = self.blocks.chunks(group).map(|chunk| {
            let mut merged = Block::default();
            for block in chunk {
                merged.absorb(block.clone());
            }
            merged.slice()
        });
        merged.collect()
    }

    fn halve(&mut self) {
        self.halvings += 1;
        let mut merged: Vec<Block> = Vec::with_capacity(MOST_BLOCKS);
        for (index, block) in std::mem::take(&mut self.blocks).into_iter().enumerate() {
            match merged.last_mut() {
                Some(last) if index % 2 == 1 => last.absorb(block),
                _ => merged.push(block),
            }
        }
        self.blocks = merged;
    }
}

impl Block {
    fn record(&mut self, at: Duration, sample: &Sample) {
        let (start, end) = self.span.unwrap_or((at, at));
        self.span = Some((start.min(at), end.max(at)));
        if sample.outcome == Outcome::Ok {
            self.count(key(sample.total.as_nanos() as u64), 1);
        } else {
            self.failed += 1;
        }
        self.loads += u64::from(sample.identity.load > 0);
    }

    fn count(&mut self, key: u16, more: u32) {
        match self.latencies.binary_search_by_key(&key, |&(key, _)| key) {
            Ok(place) => self.latencies[place].1 += more,
            Err(place) => self.latencies.insert(place, (key, more)),
        }
    }

    fn absorb(&mut self, other: Self) {
        self.span = match (self.span, other.span) {
            (Some((start, end)), Some((from, to))) => Some((start.min(from), end.max(to))),
            (span, None) | (None, span) => span,
        };
        for (key, count) in other.latencies {
            self.count(key, count);
        }
        self.failed += other.failed;
        self.loads += other.loads;
    }

    fn slice(self) -> Option<Slice> {
        let (start, end) = self.span?;
        let latencies = self.latencies.into_iter();
        Some(Slice {
            start,
            end,
            latencies: latencies.map(|(key, n)| (value(key), n)).collect(),
            failed: self.failed,
            loads: self.loads,
        })
    }
}

/// A latency as (exponent, mantissa of `STEPS` bits), in an order that is the latencies' own.
fn key(nanos: u64) -> u16 {
    let exponent = nanos.max(1).ilog2();
    if exponent < STEPS {
        return nanos.max(1) as u16;
    }
    let mantissa = (nanos >> (exponent - STEPS)) as u16 & ((1 << STEPS) - 1);
    (((exponent - STEPS + 1) as u16) << STEPS) | mantissa
}

/// The middle of the values that share a key.
fn value(key: u16) -> u64 {
    let exponent = key >> STEPS;
    if exponent == 0 {
        return u64::from(key);
    }
    let mantissa = u64::from(key & ((1 << STEPS) - 1)) | (1 << STEPS);
    let shift = exponent - 1;
    (mantissa << shift) + ((1u64 << shift) >> 1)
}

/// A latency as a series keeps it.
pub(super) fn rounded(nanos: u64) -> u64 {
    value(key(nanos))
}

/// The width within which a series does not tell latencies around this one apart, in nanoseconds.
pub(super) fn grain(nanos: u64) -> f64 {
    (1_u64 << nanos.max(1).ilog2().saturating_sub(STEPS)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{IdentityPath, Phase};

    #[test]
    fn values_survive_their_key_to_within_four_tenths_of_a_percent() {
        for nanos in [1, 2, 127, 128, 129, 1_000, 1_234_567, 98_765_432_109] {
            let back = value(key(nanos));
            let error = (back as f64 / nanos as f64 - 1.0).abs();
            assert!(error <= 0.004, "{nanos} came back as {back}");
        }
    }

    #[test]
    fn keys_are_ordered_as_their_values() {
        let values: Vec<u64> = (0..60).map(|e| (1u64 << e) + e).collect();
        assert!(values.windows(2).all(|w| key(w[0]) <= key(w[1])));
    }

    fn sample(nanos: u64) -> Sample {
        Sample::of_phase(Phase::Transmit, Duration::from_nanos(nanos))
    }

    /// A round each millisecond, whose calls are a nanosecond slower from one to the next.
    fn slowing(rounds: u64, first_nanos: u64) -> Series {
        let mut series = Series::default();
        for round in 0..rounds {
            let sample = sample(first_nanos + round);
            series.record(round, Duration::from_millis(round), &sample);
        }
        series
    }

    #[test]
    fn slices_stay_few_and_lose_no_call() {
        let series = slowing(10_000, 1_000);
        assert_eq!(series.count(), 10_000);
        assert!(series.blocks.len() <= MOST_BLOCKS);
        let slices = series.slices(series.rounds_per_block() * 4);
        let counts = slices
            .iter()
            .flatten()
            .flat_map(|slice| slice.latencies.values());
        assert_eq!(counts.sum::<u32>(), 10_000);
    }

    #[test]
    fn a_slice_holds_the_rounds_it_says() {
        let series = slowing(100, 1);
        assert_eq!(series.rounds_per_block(), 2);
        let first = series.slices(4)[0].clone().unwrap();
        assert!(first.latencies.into_keys().eq(1..=4));
        let span = (Duration::ZERO, Duration::from_millis(3));
        assert_eq!((first.start, first.end), span);
    }

    #[test]
    fn failed_calls_and_loads_are_counted_apart() {
        let mut series = Series::default();
        let failed = sample(5).failed(Outcome::Timeout, "no answer".to_owned());
        let loading = sample(5).with_identity(IdentityPath::Load);
        for sample in [failed, loading] {
            series.record(0, Duration::ZERO, &sample);
        }
        let slice = series.slices(1)[0].clone().unwrap();
        assert_eq!((slice.failed, slice.loads), (1, 1));
        assert_eq!(slice.latencies, BTreeMap::from([(5, 1)]));
    }
}

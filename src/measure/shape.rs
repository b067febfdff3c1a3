//! What makes a single quantile lie: latency that drifts over the run, and a second mode.

use std::time::Duration;

use super::distribution::Distribution;
use super::log_buckets::LogBuckets;
use super::series::Series;

/// Slices needed before a trend can be told from noise.
const FEWEST_SLICES: usize = 10;

/// Standard deviations from which a trend is one: 1 in 1,000 steady runs reaches it.
const TREND: f64 = 3.3;

/// Change from the first to the last quarter, as a share of the first, that is worth a word.
const CHANGE: f64 = 0.1;

/// Buckets per doubling of the latency when looking for modes.
const PER_DOUBLING: u32 = 3;

/// Share of the calls that a mode must have.
const MODE_SHARE: f64 = 0.05;

/// A valley between two modes is at most this share of the lower one's peak.
const VALLEY: f64 = 0.3;

/// Calls needed before hills can be told from noise.
const FEWEST_CALLS: u64 = 50;

/// A steady change of the median over the run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Median of the slices in the run's first quarter …
    pub first: Duration,
    /// … and in its last.
    pub last: Duration,
}

/// Two populations of calls.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Modes {
    /// The peak of the faster population …
    pub fast: Duration,
    /// … and of the slower.
    pub slow: Duration,
    /// Share of the calls that are slower than the valley between the two.
    pub slow_share: f64,
}

/// Whether the medians of the run's slices rise or fall (Mann 1945, Kendall 1975: the sign of every pair's
/// difference, which no outlier sways).
pub fn drift(series: &Series) -> Option<Drift> {
    let medians: Vec<f64> = series
        .slices(series.rounds_per_block())
        .into_iter()
        .flatten()
        .filter_map(|slice| median(&slice.latencies))
        .collect();
    let n = medians.len();
    if n < FEWEST_SLICES {
        return None;
    }
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j)));
    let sign = |(i, j): (usize, usize)| match medians[j].total_cmp(&medians[i]) {
        std::cmp::Ordering::Greater => 1.0,
        std::cmp::Ordering::Less => -1.0,
        std::cmp::Ordering::Equal => 0.0,
    };
    let score: f64 = pairs.map(sign).sum();
    let n_f = n as f64;
    let deviation = (n_f * (n_f - 1.0) * (2.0 * n_f + 5.0) / 18.0).sqrt();
    let quarter = (n / 4).max(1);
    let (first, last) = (middle(&medians[..quarter]), middle(&medians[n - quarter..]));
    let changed = (last - first).abs() > CHANGE * first;
    let nanos = |value: f64| Duration::from_nanos(value as u64);
    (score.abs() / deviation > TREND && changed).then(|| Drift {
        first: nanos(first),
        last: nanos(last),
    })
}

fn median(latencies: &std::collections::BTreeMap<u64, u32>) -> Option<f64> {
    let total: u64 = latencies.values().map(|&count| u64::from(count)).sum();
    let mut seen = 0;
    latencies.iter().find_map(|(&nanos, &count)| {
        seen += u64::from(count);
        (2 * seen >= total && total > 0).then_some(nanos as f64)
    })
}

fn middle(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// Whether the calls fall into two populations, such as cache hits and misses: two hills on a logarithmic
/// scale with a valley between them.
pub fn modes(distribution: &Distribution) -> Option<Modes> {
    let total = distribution.count();
    if total < FEWEST_CALLS {
        return None;
    }
    let buckets = LogBuckets::per_doubling(PER_DOUBLING);
    let counts = smoothed(&bucket_counts(distribution, buckets));
    let edged = edged(&counts);
    let hills = edged.windows(3).enumerate();
    let hills = hills.filter(|(_, w)| w[1] > w[0] && w[1] >= w[2]);
    let peaks: Vec<usize> = hills.map(|(bucket, _)| bucket).collect();
    let pairs = peaks
        .iter()
        .flat_map(|&fast| peaks.iter().map(move |&slow| (fast, slow)));
    let candidates = pairs
        .filter(|(fast, slow)| fast < slow)
        .filter_map(|(fast, slow)| {
            let valley = (fast..=slow).min_by(|&a, &b| counts[a].total_cmp(&counts[b]))?;
            let lower = counts[fast].min(counts[slow]);
            let sum = |range: &[f64]| range.iter().sum::<f64>() / counts.iter().sum::<f64>();
            let (below, above) = (sum(&counts[..valley]), sum(&counts[valley..]));
            let two =
                counts[valley] <= VALLEY * lower && below >= MODE_SHARE && above >= MODE_SHARE;
            two.then_some((lower, fast, slow, above))
        });
    let (_, fast, slow, slow_share) = candidates.max_by(|a, b| a.0.total_cmp(&b.0))?;
    let at = |bucket: usize| Duration::from_nanos(buckets.edge_ns(bucket as f64 + 0.5) as u64);
    Some(Modes {
        fast: at(fast),
        slow: at(slow),
        slow_share,
    })
}

fn bucket_counts(distribution: &Distribution, buckets: LogBuckets) -> Vec<f64> {
    let found = buckets.counts(distribution.histogram());
    let last = found.last_key_value().map_or(0, |(&last, _)| last);
    // Room for the last hill to come down in.
    let counts = (0..=last + 1).map(|bucket| found.get(&bucket).copied().unwrap_or_default());
    counts.map(|count| count as f64).collect()
}

/// Each bucket with its neighbours: 1, 2, 1.
fn smoothed(counts: &[f64]) -> Vec<f64> {
    let edged = edged(counts);
    let smooth = |w: &[f64]| (w[0] + 2.0 * w[1] + w[2]) / 4.0;
    edged.windows(3).map(smooth).collect()
}

/// An empty bucket on either side, so that each has two neighbours.
fn edged(counts: &[f64]) -> Vec<f64> {
    [&[0.0], counts, &[0.0]].concat()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand::rngs::SmallRng;
    use rand_distr::{Distribution as _, LogNormal};

    use super::*;
    use crate::measure::{Phase, Sample};

    fn around(millis: f64, seed: u64, calls: usize) -> Vec<Duration> {
        let lognormal = LogNormal::new((millis / 1e3).ln(), 0.3).unwrap();
        let random = SmallRng::seed_from_u64(seed);
        lognormal
            .sample_iter(random)
            .take(calls)
            .map(Duration::from_secs_f64)
            .collect()
    }

    fn distribution(latencies: &[Duration]) -> Distribution {
        let mut distribution = Distribution::default();
        for &latency in latencies {
            distribution.record(latency);
        }
        distribution
    }

    fn series(latencies: impl IntoIterator<Item = Duration>) -> Series {
        let mut series = Series::default();
        for (round, total) in latencies.into_iter().enumerate() {
            let sample = Sample::of_phase(Phase::Transmit, total);
            series.record(round as u64, Duration::from_millis(round as u64), &sample);
        }
        series
    }

    #[test]
    fn hits_and_misses_are_two_modes() {
        let mut calls = around(2.0, 1, 180);
        calls.extend(around(60.0, 2, 20));
        let modes = modes(&distribution(&calls)).expect("two modes");
        assert!((0.08..0.12).contains(&modes.slow_share), "{modes:?}");
        assert!(modes.fast < Duration::from_millis(4) && modes.slow > Duration::from_millis(40));
    }

    #[test]
    fn one_population_is_one_mode() {
        let found =
            (0..200).filter(|&seed| modes(&distribution(&around(20.0, seed, 200))).is_some());
        assert!(found.count() <= 2);
    }

    #[test]
    fn steady_latency_does_not_drift() {
        let found = (0..200).filter(|&seed| drift(&series(around(20.0, seed, 200))).is_some());
        assert!(found.count() <= 2);
    }

    #[test]
    fn latency_that_rises_by_half_drifts() {
        let rising = around(20.0, 1, 1000).into_iter().enumerate();
        let rising = rising.map(|(i, latency)| latency.mul_f64(1.0 + 0.5 * i as f64 / 1000.0));
        let drift = drift(&series(rising)).expect("a drift");
        assert!(drift.last > drift.first, "{drift:?}");
    }
}

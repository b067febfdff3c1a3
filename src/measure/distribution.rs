//! A latency distribution in constant memory.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Longest latency that is told apart; anything longer counts as this.
const LONGEST: Duration = Duration::from_hours(1);

/// Latencies in nanoseconds with three significant digits (`HdrHistogram`), so that a reported quantile
/// is within 0.1 % of the recorded value. Memory depends on the longest latency, not on their number.
///
/// Serialised as pairs of a latency in nanoseconds, to three digits, and how often it was seen.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, u64)>", into = "Vec<(u64, u64)>")]
pub struct Distribution {
    histogram: Histogram<u64>,
    /// Exact, in nanoseconds: a histogram's own sum would carry its rounding.
    sum: u128,
}

impl Default for Distribution {
    fn default() -> Self {
        let histogram = Histogram::new(3).expect("three significant digits are within 0..=5");
        Self { histogram, sum: 0 }
    }
}

impl From<Vec<(u64, u64)>> for Distribution {
    fn from(recorded: Vec<(u64, u64)>) -> Self {
        let mut distribution = Self::default();
        for (nanos, count) in recorded {
            distribution.record_many(Duration::from_nanos(nanos), count);
        }
        distribution
    }
}

impl From<Distribution> for Vec<(u64, u64)> {
    fn from(distribution: Distribution) -> Self {
        let recorded = distribution.histogram.iter_recorded();
        let pairs = recorded.map(|step| (step.value_iterated_to(), step.count_at_value()));
        pairs.collect()
    }
}

impl Distribution {
    /// Adds a latency.
    pub fn record(&mut self, latency: Duration) {
        self.record_many(latency, 1);
    }

    /// Adds a latency that was seen `count` times.
    pub(crate) fn record_many(&mut self, latency: Duration, count: u64) {
        let nanos = latency.min(LONGEST).as_nanos() as u64;
        self.sum += u128::from(nanos) * u128::from(count);
        self.histogram
            .record_n(nanos, count)
            .expect("the histogram resizes itself, and the value is bounded by LONGEST");
    }

    /// Adds what `other` holds.
    pub(crate) fn absorb(&mut self, other: &Self) {
        self.sum += other.sum;
        self.histogram
            .add(&other.histogram)
            .expect("the histogram resizes itself");
    }

    pub(crate) fn count(&self) -> u64 {
        self.histogram.len()
    }

    pub(crate) fn sum(&self) -> Duration {
        Duration::from_nanos(u64::try_from(self.sum).unwrap_or(u64::MAX))
    }

    /// `None` when nothing was recorded, as for every figure below.
    pub(crate) fn mean(&self) -> Option<Duration> {
        let count = u128::from(self.count());
        (count > 0).then(|| Duration::from_nanos((self.sum / count) as u64))
    }

    /// The value that `quantile` (0 to 1) of the recorded ones do not exceed.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<Duration> {
        self.some(|h| h.value_at_quantile(quantile))
    }

    pub(crate) fn min(&self) -> Option<Duration> {
        self.some(Histogram::min)
    }

    pub(crate) fn max(&self) -> Option<Duration> {
        self.some(Histogram::max)
    }

    /// The histogram of nanoseconds underneath.
    #[must_use]
    pub fn histogram(&self) -> &Histogram<u64> {
        &self.histogram
    }

    fn some(&self, value: impl Fn(&Histogram<u64>) -> u64) -> Option<Duration> {
        (!self.histogram.is_empty()).then(|| Duration::from_nanos(value(&self.histogram)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_distribution_has_no_figures() {
        let empty = Distribution::default();
        assert_eq!(
            (empty.mean(), empty.quantile(0.5), empty.max()),
            (None, None, None)
        );
    }

    #[test]
    fn quantiles_are_within_a_thousandth_and_the_sum_is_exact() {
        let mut distribution = Distribution::default();
        for micros in 1..=1000 {
            distribution.record(Duration::from_micros(micros));
        }
        let p50 = distribution.quantile(0.5).unwrap().as_secs_f64();
        assert!((p50 / 500e-6 - 1.0).abs() < 1.1e-3, "{p50}");
        assert_eq!(distribution.sum(), Duration::from_micros(500_500));
    }

    #[test]
    fn latencies_past_the_longest_are_kept_as_the_longest() {
        let mut distribution = Distribution::default();
        distribution.record(Duration::from_hours(5));
        assert_eq!(distribution.sum(), LONGEST);
    }
}

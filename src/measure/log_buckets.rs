//! Buckets for latencies whose edges are a constant factor apart, counted from 1 ns: bucket 0 begins there.
//! Everything that draws or reads hills sorts by this one rule, so that an edge is where it says it is.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

/// How finely a logarithmic scale is cut.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogBuckets {
    per_decade: f64,
}

impl LogBuckets {
    pub fn per_decade(number: u32) -> Self {
        Self {
            per_decade: f64::from(number),
        }
    }

    pub fn per_doubling(number: u32) -> Self {
        Self {
            per_decade: f64::from(number) / 2_f64.log10(),
        }
    }

    /// The bucket that a latency in nanoseconds falls into; less than 1 ns counts as 1 ns.
    pub fn bucket(self, nanos: u64) -> usize {
        // The small addition keeps 100 ms, whose logarithm may come out a hair short, in its own bucket.
        ((nanos.max(1) as f64).log10() * self.per_decade + 1e-12) as usize
    }

    /// Where a bucket begins, in nanoseconds. Half a bucket more is its middle on the scale.
    pub fn edge_ns(self, bucket: f64) -> f64 {
        10_f64.powf(bucket / self.per_decade)
    }

    /// How many times as long each bucket is as the one before it.
    pub fn factor(self) -> f64 {
        self.edge_ns(1.0)
    }

    /// How many values of a histogram of nanoseconds fall into each bucket, without the empty ones.
    pub fn counts(self, histogram: &Histogram<u64>) -> BTreeMap<usize, u64> {
        let mut counts = BTreeMap::new();
        for step in histogram.iter_recorded() {
            let nanos = histogram.median_equivalent(step.value_iterated_to());
            *counts.entry(self.bucket(nanos)).or_default() += step.count_at_value();
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_bucket_that_it_opens() {
        let tenths = LogBuckets::per_decade(10);
        for decade in 0..10_u32 {
            assert_eq!(tenths.bucket(10_u64.pow(decade)), 10 * decade as usize);
        }
        assert_eq!(tenths.bucket(0), 0);
        let thirds = LogBuckets::per_doubling(3);
        for doubling in 0..40 {
            assert_eq!(thirds.bucket(1 << doubling), 3 * doubling);
        }
    }

    #[test]
    fn edges_are_a_factor_apart() {
        let tenths = LogBuckets::per_decade(10);
        assert!((tenths.edge_ns(60.0) - 1e6).abs() < 1e-3);
        assert!((tenths.edge_ns(61.0) / tenths.edge_ns(60.0) - tenths.factor()).abs() < 1e-9);
        assert!((LogBuckets::per_doubling(1).factor() - 2.0).abs() < 1e-9);
    }
}

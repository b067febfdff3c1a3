//! The arms of a document as charts see them: histograms instead of text.

use hdrhistogram::Histogram;

use crate::report::codec;
use crate::report::document::{Arm, Document};

/// An arm that succeeded at least once.
pub(super) struct Series<'a> {
    /// Its place among the arms, which decides its colour in every chart.
    pub(super) index: usize,
    pub(super) arm: &'a Arm,
    /// Totals of successful calls, in nanoseconds.
    pub(super) totals: Histogram<u64>,
}

/// The arms whose totals can be drawn.
pub(super) fn of(document: &Document) -> Vec<Series<'_>> {
    let arms = document.arms.iter().enumerate();
    arms.filter_map(|(index, arm)| {
        let text = arm.phases.total.histogram.as_deref()?;
        let totals = codec::decode_histogram(text).ok()?;
        (!totals.is_empty()).then_some(Series { index, arm, totals })
    })
    .collect()
}

impl Series<'_> {
    pub(super) fn quantile_us(&self, quantile: f64) -> f64 {
        self.totals.value_at_quantile(quantile).max(1) as f64 / 1e3
    }

    pub(super) fn min_us(&self) -> f64 {
        self.totals.min().max(1) as f64 / 1e3
    }

    pub(super) fn max_us(&self) -> f64 {
        self.totals.max().max(1) as f64 / 1e3
    }
}

/// The shortest and the longest latency of all series.
pub(super) fn span_us(series: &[Series]) -> (f64, f64) {
    let low = series
        .iter()
        .map(Series::min_us)
        .fold(f64::INFINITY, f64::min);
    let high = series.iter().map(Series::max_us).fold(0.0, f64::max);
    (low, high)
}

//! The arms of a document as charts see them: histograms instead of text.

use hdrhistogram::Histogram;

use super::axis::span;
use crate::document::{Arm, Measurement, Quantiles};

/// An arm that succeeded at least once.
pub(super) struct Series<'a> {
    /// Its place among the arms, which decides its colour in every chart.
    pub(super) index: usize,
    pub(super) arm: &'a Arm,
    /// Totals of successful calls, in nanoseconds.
    pub(super) totals: Histogram<u64>,
    /// In an open loop: the same from the real start of each call, which is what a closed loop would see.
    pub(super) service: Option<Histogram<u64>>,
}

/// The arms whose totals can be drawn.
pub(super) fn of(run: &Measurement) -> Vec<Series<'_>> {
    let arms = run.arms.iter().enumerate();
    let series = arms.filter_map(|(index, arm)| {
        let service = arm.phases.service.as_ref();
        Some(Series {
            index,
            arm,
            totals: arm.phases.total.decoded()?,
            service: service.and_then(Quantiles::decoded),
        })
    });
    series.collect()
}

pub(super) fn us(nanos: u64) -> f64 {
    nanos.max(1) as f64 / 1e3
}

/// The shortest and the longest latency of all series.
pub(super) fn span_us(series: &[Series]) -> (f64, f64) {
    let all = series.iter();
    let all = all.flat_map(|series| series.service.iter().chain([&series.totals]));
    span(all.flat_map(|histogram| [us(histogram.min()), us(histogram.max())]))
}

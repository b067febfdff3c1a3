//! The arms of a document as charts see them: histograms instead of text.

use hdrhistogram::Histogram;

use crate::document::codec;
use crate::document::{Arm, Measurement};

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
    arms.filter_map(|(index, arm)| {
        let text = arm.phases.total.histogram.as_deref()?;
        let totals = codec::decode_histogram(text).ok()?;
        let service = arm.phases.service.as_ref();
        let service =
            service.and_then(|service| codec::decode_histogram(service.histogram.as_deref()?).ok());
        (!totals.is_empty()).then_some(Series {
            index,
            arm,
            totals,
            service: service.filter(|service| !service.is_empty()),
        })
    })
    .collect()
}

impl Series<'_> {
    pub(super) fn min_us(&self) -> f64 {
        let service = self.service.as_ref().map_or(u64::MAX, Histogram::min);
        us(self.totals.min().min(service))
    }

    pub(super) fn max_us(&self) -> f64 {
        us(self.totals.max())
    }
}

pub(super) fn us(nanos: u64) -> f64 {
    nanos.max(1) as f64 / 1e3
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

//! Overlaid histograms: which latencies there were, and how often. Buckets are spaced by factors, and the
//! same for all arms. Heights are drawn by their square roots: one call in a thousand, which may be the one
//! that matters, would be no higher than the floor otherwise.

use std::collections::BTreeMap;

use super::axis::Axis;
use super::ink::Ink;
use super::plot::Plot;
use super::series::{self, Series};
use super::sheet::{Layout, Sample, Sheet};
use crate::document::Measurement;
use crate::figures;
use crate::measure::LogBuckets;

/// Buckets per factor of ten, finest first. The histograms themselves resolve about 1,000.
const PER_DECADE: [u32; 5] = [80, 40, 20, 10, 5];

/// More buckets than this are too narrow on a telephone.
const MOST_BUCKETS: f64 = 56.0;

/// With more hills than this, filling them hides more than it shows.
const MOST_FILLED: usize = 3;

const WIDTH: f64 = 2.0;

/// How much longer each bucket is than the one before it.
pub(super) fn factor(run: &Measurement) -> f64 {
    buckets(&series::of(run)).factor()
}

/// `None` where no call succeeded.
pub(super) fn sheet(run: &Measurement, layout: Layout) -> Option<Sheet> {
    let all = series::of(run);
    let buckets = buckets(&all);
    let hills: Vec<_> = all.iter().map(|series| shares(series, buckets)).collect();
    let filled = || hills.iter().flat_map(|shares| shares.keys().copied());
    let edge_us = |bucket: usize| buckets.edge_ns(bucket as f64) / 1e3;
    let (low, high) = (edge_us(filled().min()?), edge_us(filled().max()? + 1));
    let highest = hills.iter().flat_map(BTreeMap::values).copied();
    let x = Axis::latency(low, high, layout.pick(9, 5));
    let y = share_axis(highest.fold(0.0, f64::max));
    let mut sheet = Sheet::new(layout.pick(300.0, 260.0));
    let plot = Plot::within(layout.width(), (6.0, sheet.height), &x, &y);
    let (body, legend) = (&mut sheet.body, &mut sheet.legend);
    plot.draw_axes(body);
    for (series, shares) in all.iter().zip(&hills) {
        let outline = plot.points(outline(shares, edge_us));
        if hills.len() <= MOST_FILLED {
            body.shade(&outline, Ink::Solid(series.index));
        }
        let ink = Ink::Series(series.index);
        body.line(&outline, ink, WIDTH);
        legend.push((Sample::Line(ink, WIDTH), series.arm.name.clone()));
    }
    Some(sheet)
}

fn buckets(all: &[Series]) -> LogBuckets {
    let (low, high) = series::span_us(all);
    let decades = (high / low).log10();
    let calls = all.iter().map(|series| series.totals.len()).min();
    // Few calls in many buckets are a comb, not a hill. Rice's rule is 2 ∛n for a plain bell; these have
    // a tail too.
    let most = MOST_BUCKETS.min(6.0 * (calls.unwrap_or(0) as f64).cbrt());
    let [.., coarsest] = PER_DECADE;
    let mut finest_first = PER_DECADE.into_iter();
    let fitting = finest_first.find(|number| decades * f64::from(*number) <= most);
    LogBuckets::per_decade(fitting.unwrap_or(coarsest))
}

/// Share of the calls by bucket.
fn shares(series: &Series, buckets: LogBuckets) -> BTreeMap<usize, f64> {
    let calls = series.totals.len() as f64;
    let counts = buckets.counts(&series.totals).into_iter();
    let shares = counts.map(|(bucket, count)| (bucket, count as f64 / calls));
    shares.collect()
}

/// Shares, with round ones for ticks as far as they have room.
fn share_axis(highest: f64) -> Axis {
    const SHARES: [f64; 9] = [0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0];
    let end = highest * 1.06;
    let mut ticks = vec![0.0_f64];
    for share in SHARES.into_iter().filter(|share| *share <= end) {
        if share.sqrt() - ticks[ticks.len() - 1].sqrt() >= end.sqrt() / 10.0 {
            ticks.push(share);
        }
    }
    Axis {
        range: 0.0..end,
        ticks,
        spread: f64::sqrt,
        label: percent,
        name: "",
    }
}

fn percent(share: f64) -> String {
    let text = figures::percent(share);
    text.replace(".00", "").replace(".0\u{a0}", "\u{a0}")
}

/// Steps, from the floor and back to it wherever a bucket is empty.
fn outline(shares: &BTreeMap<usize, f64>, edge: impl Fn(usize) -> f64) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let mut end = None;
    for (&bucket, &share) in shares {
        if end != Some(bucket) {
            points.extend(end.map(|end| (edge(end), 0.0)));
            points.push((edge(bucket), 0.0));
        }
        points.extend([(edge(bucket), share), (edge(bucket + 1), share)]);
        end = Some(bucket + 1);
    }
    points.extend(end.map(|end| (edge(end), 0.0)));
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_shares_at_their_roots() {
        let shares: Vec<_> = share_axis(0.11).ticks.into_iter().map(percent).collect();
        assert_eq!(shares.join(" "), "0\u{a0}% 1\u{a0}% 3\u{a0}% 10\u{a0}%");
    }

    #[test]
    fn an_outline_comes_down_to_the_floor_where_nothing_was() {
        let shares = BTreeMap::from([(1, 0.5), (3, 0.25)]);
        let outline = outline(&shares, |bucket| bucket as f64).into_iter();
        let (edges, heights): (Vec<_>, Vec<_>) = outline.unzip();
        assert_eq!(edges, [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0]);
        assert_eq!(heights, [0.0, 0.5, 0.5, 0.0, 0.0, 0.25, 0.25, 0.0]);
    }
}

//! Overlaid histograms: which latencies there were, and how often. Buckets are spaced by factors, and the
//! same for all arms. Heights are drawn by their square roots: one call in a thousand, which may be the one
//! that matters, would be no higher than the floor otherwise.

use std::collections::BTreeMap;

use plotters::element::Polygon;

use super::axis::{self, Axis};
use super::canvas::Area;
use super::series::{self, Series};
use super::sheet::{self, Frame, Sample};
use super::{ChartError, Ink, Layout, Sheet};
use crate::figures;

pub(super) const TITLE: &str = "Histogram of latencies";

/// Buckets per factor of ten, finest first. The histograms themselves resolve about 1,000.
const PER_DECADE: [u32; 5] = [80, 40, 20, 10, 5];

/// With more hills than this, filling them hides more than it shows.
const MOST_FILLED: usize = 3;

pub(super) fn sheet<'a>(series: &'a [Series<'a>], layout: Layout) -> Sheet<'a> {
    let entries = series.iter().map(|series| {
        let line = Sample::Line(Ink::Series(series.index), 2.0);
        (line, series.arm.name.clone())
    });
    Sheet {
        entries: entries.collect(),
        height: layout.pick(300, 260),
        draw: Box::new(move |area| draw(area, series, layout)),
    }
}

/// More buckets than this are too narrow on a telephone.
const MOST_BUCKETS: f64 = 56.0;

/// How much longer each bucket is than the one before it.
pub(super) fn factor(series: &[Series]) -> f64 {
    10_f64.powf(1.0 / f64::from(per_decade(series)))
}

fn per_decade(series: &[Series]) -> u32 {
    let (low, high) = series::span_us(series);
    let decades = (high / low).log10();
    let calls = series.iter().map(|series| series.totals.len()).min();
    // Few calls in many buckets are a comb, not a hill. Rice's rule is 2 ∛n for a plain bell; these have
    // a tail too.
    let most = MOST_BUCKETS.min(6.0 * (calls.unwrap_or(0) as f64).cbrt());
    let [.., coarsest] = PER_DECADE;
    PER_DECADE
        .into_iter()
        .find(|per_decade| decades * f64::from(*per_decade) <= most)
        .unwrap_or(coarsest)
}

/// Share of the calls by bucket.
fn shares(series: &Series, per_decade: u32) -> BTreeMap<i32, f64> {
    let mut shares = BTreeMap::new();
    for step in series.totals.iter_recorded() {
        let nanos = series
            .totals
            .median_equivalent(step.value_iterated_to())
            .max(1) as f64;
        let bucket = ((nanos / 1e3).log10() * f64::from(per_decade) + 1e-9).floor() as i32;
        *shares.entry(bucket).or_default() +=
            step.count_at_value() as f64 / series.totals.len() as f64;
    }
    shares
}

fn draw(area: &Area, series: &[Series], layout: Layout) -> Result<(), ChartError> {
    let per_decade = per_decade(series);
    let hills: Vec<_> = series
        .iter()
        .map(|series| (series, shares(series, per_decade)))
        .collect();
    let edge = |bucket: i32| f64::from(bucket) / f64::from(per_decade);
    let all = || hills.iter().flat_map(|(_, shares)| shares.keys().copied());
    let (first, last) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
    let highest = hills
        .iter()
        .flat_map(|(_, shares)| shares.values().copied())
        .fold(0.0, f64::max);
    let x = Axis::latency(
        10_f64.powf(edge(first)),
        10_f64.powf(edge(last + 1)),
        layout.pick(9, 5),
    );
    let y = share_axis(highest);
    let mut plot = sheet::frame(
        area,
        &Frame {
            x: &x,
            y: &y,
            x_label: &|log| axis::time(10_f64.powf(*log)),
            y_label: &|root| percent(root * root),
            x_name: "",
            margin: (6, 0),
        },
    )?;
    for (series, shares) in &hills {
        let outline = rooted(outline(shares, edge));
        if hills.len() <= MOST_FILLED {
            let wash = Ink::Solid(series.index).wash(0.16);
            plot.draw_series([Polygon::new(outline.clone(), wash)])?;
        }
        plot.draw_series([sheet::line(outline, Ink::Series(series.index), 2.0)])?;
    }
    Ok(())
}

/// Square roots of shares, with round shares for ticks as far as they have room.
fn share_axis(highest: f64) -> Axis {
    const SHARES: [f64; 9] = [0.001, 0.01, 0.03, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0];
    let end = (highest * 1.06).sqrt();
    let mut ticks = vec![0.0];
    for root in SHARES
        .map(f64::sqrt)
        .into_iter()
        .filter(|root| *root <= end)
    {
        if root - ticks[ticks.len() - 1] >= end / 10.0 {
            ticks.push(root);
        }
    }
    Axis {
        range: 0.0..end,
        ticks,
    }
}

fn rooted(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    points
        .into_iter()
        .map(|(x, share)| (x, share.sqrt()))
        .collect()
}

fn percent(share: f64) -> String {
    let text = figures::percent(share);
    text.replace(".00", "").replace(".0\u{a0}", "\u{a0}")
}

/// Steps, from the floor and back to it wherever a bucket is empty.
fn outline(shares: &BTreeMap<i32, f64>, edge: impl Fn(i32) -> f64) -> Vec<(f64, f64)> {
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
        let shares: Vec<_> = share_axis(0.11)
            .ticks
            .iter()
            .map(|root| percent(root * root))
            .collect();
        assert_eq!(shares.join(" "), "0\u{a0}% 1\u{a0}% 3\u{a0}% 10\u{a0}%");
    }

    #[test]
    fn an_outline_comes_down_to_the_floor_where_nothing_was() {
        let outline = outline(&BTreeMap::from([(1, 0.5), (3, 0.25)]), f64::from);
        let expected = [
            (1.0, 0.0),
            (1.0, 0.5),
            (2.0, 0.5),
            (2.0, 0.0),
            (3.0, 0.0),
            (3.0, 0.25),
            (4.0, 0.25),
            (4.0, 0.0),
        ];
        assert_eq!(outline, expected);
    }
}

//! Overlaid histograms: which latencies there were, and how often. Buckets are spaced by factors, and the
//! same for all arms.

use std::collections::BTreeMap;

use plotters::element::Polygon;

use super::axis::{self, Axis};
use super::canvas::Area;
use super::series::{self, Series};
use super::sheet::{self, Frame, Sample};
use super::{ChartError, Ink, Layout, Sheet};
use crate::report::figures;

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

/// How much longer each bucket is than the one before it.
pub(super) fn factor(series: &[Series], layout: Layout) -> f64 {
    10_f64.powf(1.0 / f64::from(per_decade(series, layout)))
}

fn per_decade(series: &[Series], layout: Layout) -> u32 {
    let (low, high) = series::span_us(series);
    let decades = (high / low).log10();
    let most = f64::from(layout.pick(72, 44));
    let calls = series.iter().map(|series| series.totals.len()).min();
    // Few calls in many buckets are a comb, not a hill.
    let most = most.min(calls.unwrap_or(0) as f64 / 2.0);
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
        let nanos = series.totals.median_equivalent(step.value_iterated_to()).max(1) as f64;
        let bucket = ((nanos / 1e3).log10() * f64::from(per_decade) + 1e-9).floor() as i32;
        *shares.entry(bucket).or_default() +=
            step.count_at_value() as f64 / series.totals.len() as f64;
    }
    shares
}

fn draw(area: &Area, series: &[Series], layout: Layout) -> Result<(), ChartError> {
    let per_decade = per_decade(series, layout);
    let hills: Vec<_> = series.iter().map(|series| (series, shares(series, per_decade))).collect();
    let edge = |bucket: i32| f64::from(bucket) / f64::from(per_decade);
    let all = || hills.iter().flat_map(|(_, shares)| shares.keys().copied());
    let (first, last) = (all().min().unwrap_or(0), all().max().unwrap_or(0));
    let highest = hills.iter().flat_map(|(_, shares)| shares.values().copied()).fold(0.0, f64::max);
    let x = Axis::latency(10_f64.powf(edge(first)), 10_f64.powf(edge(last + 1)), layout.pick(9, 5));
    let y = Axis::from_zero(highest * 1.06, 5);
    let mut plot = sheet::frame(
        area,
        &Frame {
            x: &x,
            y: &y,
            x_label: &|log| axis::time(10_f64.powf(*log)),
            y_label: &|share| percent(*share),
            x_name: "",
            margin: (6, 0),
        },
    )?;
    for (series, shares) in &hills {
        let outline = outline(shares, edge);
        if hills.len() <= MOST_FILLED {
            let wash = Ink::Solid(series.index).wash(0.16);
            plot.draw_series([Polygon::new(outline.clone(), wash)])?;
        }
        plot.draw_series([sheet::line(outline, Ink::Series(series.index), 2.0)])?;
    }
    Ok(())
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

//! Percentile curves: how long the fastest part of the calls took at most. On the horizontal axis every
//! nine more takes the same room, so that the tail, which is what hurts, is not a vertical line at the end.

use hdrhistogram::Histogram;

use super::axis::Axis;
use super::ink::Ink;
use super::plot::Plot;
use super::series;
use super::sheet::{Layout, Sample, Sheet};
use crate::document::Measurement;

const POINTS: u32 = 240;
const WIDTH: f64 = 2.2;
const SERVICE_WIDTH: f64 = 1.2;

/// `None` where no call succeeded.
pub(super) fn sheet(run: &Measurement, layout: Layout) -> Option<Sheet> {
    let series = series::of(run);
    let longest = series.iter().map(|series| series.totals.len()).max()?;
    let (low, high) = series::span_us(&series);
    let x = quantile_axis(nines_of(longest).max(1.0));
    let y = Axis::latency(low, high, layout.pick(9, 7));
    let mut sheet = Sheet::new(layout.pick(340.0, 280.0));
    let plot = Plot::within(layout.width(), (6.0, sheet.height), &x, &y);
    let (body, legend) = (&mut sheet.body, &mut sheet.legend);
    plot.draw_axes(body);
    for series in &series {
        let (name, index) = (&series.arm.name, series.index);
        legend.push((Sample::Line(Ink::Series(index), WIDTH), name.clone()));
        if let Some(service) = &series.service {
            let ink = Ink::Dashed(index);
            body.line(&plot.points(curve(service)), ink, SERVICE_WIDTH);
            let line = Sample::Line(ink, SERVICE_WIDTH);
            legend.push((line, format!("{name} without the queue")));
        }
        let curve = plot.points(curve(&series.totals));
        body.line(&curve, Ink::Series(index), WIDTH);
        body.dot(curve[curve.len() - 1], 3.0, Ink::Solid(index));
    }
    Some(sheet)
}

/// How many nines a quantile has: 1 for 90 %, 2 for 99 %, 3 for 99.9 %.
fn nines(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

/// The quantile that has so many nines.
fn quantile(nines: f64) -> f64 {
    1.0 - 10_f64.powf(-nines)
}

/// The nines of the slowest of so many calls.
fn nines_of(calls: u64) -> f64 {
    (calls as f64).log10()
}

/// From the fastest call to the slowest one: quantiles, and latencies in microseconds.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let end = nines_of(histogram.len());
    let mut points: Vec<(f64, u64)> = (0..POINTS)
        .map(|step| quantile(end * f64::from(step) / f64::from(POINTS)))
        .map(|quantile| (quantile, histogram.value_at_quantile(quantile)))
        .collect();
    points.push((quantile(end), histogram.max()));
    // Of a level stretch only the ends are drawn.
    let inside = |at: usize| {
        let nanos = |at: usize| points.get(at).map(|point| point.1);
        at > 0 && nanos(at - 1) == nanos(at) && nanos(at) == nanos(at + 1)
    };
    let kept = (0..points.len()).filter(|&at| !inside(at));
    kept.map(|at| (points[at].0, series::us(points[at].1)))
        .collect()
}

fn quantile_axis(end: f64) -> Axis {
    let mut ticks = vec![0.0];
    // Past six nines the median and the start would stand on each other.
    if end < 5.0 {
        ticks.push(0.5);
    }
    ticks.extend((1..=end.floor() as i32).map(|nines| quantile(f64::from(nines))));
    Axis {
        range: 0.0..quantile(end),
        ticks,
        spread: nines,
        label: quantile_label,
        name: "part of the calls",
    }
}

/// `0 %`, `50 %`, `90 %`, `99.9 %`.
fn quantile_label(quantile: f64) -> String {
    let percent = 100.0 * quantile;
    let digits = (nines(quantile).round() as usize).saturating_sub(2);
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nine_takes_the_same_room() {
        let ticks = quantile_axis(4.2).ticks.into_iter();
        let labels: Vec<_> = ticks.map(quantile_label).collect();
        assert_eq!(labels, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert!((nines(0.999) - nines(0.99) - 1.0).abs() < 1e-9);
    }
}

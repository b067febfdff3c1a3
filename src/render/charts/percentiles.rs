//! Percentile curves: how long the fastest part of the calls took at most. On the horizontal axis every
//! nine more takes the same room, so that the tail, which is what hurts, is not a vertical line at the end.

use hdrhistogram::Histogram;
use plotters::element::Circle;
use plotters::style::Color;

use super::axis::{self, Axis};
use super::canvas::{Area, px};
use super::series::{self, Series};
use super::sheet::{self, Frame, Sample};
use super::{ChartError, Ink, Layout, Sheet};

const POINTS: u32 = 240;
const SERVICE_WIDTH: f64 = 1.2;

pub(super) const TITLE: &str = "Percentile curves";

pub(super) fn sheet<'a>(series: &'a [Series<'a>], layout: Layout) -> Sheet<'a> {
    let mut entries = Vec::new();
    for series in series {
        let line = Sample::Line(Ink::Series(series.index), 2.2);
        entries.push((line, series.arm.name.clone()));
        if series.service.is_some() {
            let line = Sample::Line(Ink::Dashed(series.index), SERVICE_WIDTH);
            entries.push((line, format!("{} without the queue", series.arm.name)));
        }
    }
    Sheet {
        entries,
        height: layout.pick(340, 280),
        draw: Box::new(move |area| draw(area, series, layout)),
    }
}

/// How far to the right a share of the calls is drawn: 1 for 90 %, 2 for 99 %, 3 for 99.9 %.
fn place(quantile: f64) -> f64 {
    -(1.0 - quantile).log10()
}

fn draw(area: &Area, series: &[Series], layout: Layout) -> Result<(), ChartError> {
    let (low, high) = series::span_us(series);
    let longest = series.iter().map(|series| series.totals.len()).max();
    let end = (longest.unwrap_or(1) as f64).log10().max(1.0);
    let x = quantile_axis(end);
    let y = Axis::latency(low, high, layout.pick(9, 7));
    let mut plot = sheet::frame(
        area,
        &Frame {
            x: &x,
            y: &y,
            x_label: &|place| quantile_label(*place),
            y_label: &|log| axis::time(10_f64.powf(*log)),
            x_name: "part of the calls",
            margin: (6, 0),
        },
    )?;
    for series in series {
        let ink = Ink::Series(series.index);
        if let Some(service) = &series.service {
            let ink = Ink::Dashed(series.index);
            plot.draw_series([sheet::line(curve(service), ink, SERVICE_WIDTH)])?;
        }
        let curve = curve(&series.totals);
        let last = curve[curve.len() - 1];
        plot.draw_series([sheet::line(curve, ink, 2.2)])?;
        plot.draw_series([Circle::new(last, px(3), Ink::Solid(series.index).filled())])?;
    }
    Ok(())
}

/// From the fastest call to the slowest one.
fn curve(histogram: &Histogram<u64>) -> Vec<(f64, f64)> {
    let end = (histogram.len() as f64).log10();
    let log_us = |nanos| series::us(nanos).log10();
    let mut points: Vec<(f64, f64)> = (0..POINTS)
        .map(|step| end * f64::from(step) / f64::from(POINTS))
        .map(|place| {
            let quantile = 1.0 - 10_f64.powf(-place);
            (place, log_us(histogram.value_at_quantile(quantile)))
        })
        .collect();
    points.push((end, log_us(histogram.max())));
    // Of a level stretch only the ends are drawn.
    let level = |a: f64, b: f64| (a - b).abs() < f64::EPSILON;
    let kept = (0..points.len()).filter(|&at| {
        let (before, after) = (at.checked_sub(1), points.get(at + 1));
        !matches!((before, after), (Some(before), Some(after))
            if level(points[before].1, points[at].1) && level(points[at].1, after.1))
    });
    kept.map(|at| points[at]).collect()
}

fn quantile_axis(end: f64) -> Axis {
    let nines = (1..=end.floor() as i32).map(f64::from);
    let mut ticks = vec![0.0];
    // Past six nines the median and the start would stand on each other.
    if end < 5.0 {
        ticks.push(place(0.5));
    }
    ticks.extend(nines);
    Axis {
        range: 0.0..end,
        ticks,
    }
}

/// `0 %`, `50 %`, `90 %`, `99.9 %`.
fn quantile_label(place: f64) -> String {
    let percent = 100.0 * (1.0 - 10_f64.powf(-place));
    let digits = (place.round() as usize).saturating_sub(2);
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_nine_takes_the_same_room() {
        let labels: Vec<_> = quantile_axis(4.2)
            .ticks
            .iter()
            .map(|tick| quantile_label(*tick))
            .collect();
        assert_eq!(labels, ["0 %", "50 %", "90 %", "99 %", "99.9 %", "99.99 %"]);
        assert!((place(0.999) - place(0.99) - 1.0).abs() < 1e-9);
    }
}

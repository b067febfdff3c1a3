//! Latency over time, an arm below the other: median and 99th percentile of each slice of the run, its
//! slowest call, and where credentials were loaded and calls failed.

use plotters::element::{Circle, PathElement, Polygon};
use plotters::style::Color;
use plotters::style::text_anchor::{HPos, VPos};

use super::axis::{self, Axis};
use super::canvas::{Area, px, times};
use super::sheet::{self, Frame, Plot, Sample};
use super::{ChartError, Ink, Layout, Sheet};
use crate::document::{Arm, Slice};
use crate::figures;

pub(super) const TITLE: &str = "Latency over time";

/// Of the panel: the arm's name, and the strips for marks above and below the curves.
const NAME: i32 = 20;
const STRIP: i32 = 12;

/// The arms that have a timeline, with their places.
pub(super) fn arms(arms: &[Arm]) -> Vec<(usize, &Arm)> {
    let all = arms.iter().enumerate();
    all.filter(|(_, arm)| !arm.timeline.is_empty()).collect()
}

pub(super) fn sheet<'a>(arms: &'a [(usize, &'a Arm)], layout: Layout) -> Sheet<'a> {
    let slices = || arms.iter().flat_map(|(_, arm)| &arm.timeline);
    let mut entries = vec![
        (Sample::Line(Ink::Solid(0), 2.2), "p50".to_owned()),
        (Sample::Line(Ink::Dashed(0), 1.4), "p99".to_owned()),
        (Sample::Dot(Ink::Solid(0)), "slowest call".to_owned()),
    ];
    if slices().any(|slice| slice.failed > 0) {
        let name = "failed calls (above)".to_owned();
        entries.push((Sample::Tick(Ink::Failed), name));
    }
    if slices().any(|slice| slice.loads > 0) {
        let name = "credentials loaded (below)".to_owned();
        entries.push((Sample::Tick(Ink::Loaded), name));
    }
    let panel = layout.pick(if arms.len() > 3 { 170 } else { 220 }, 200);
    Sheet {
        entries,
        height: panel * times(arms.len()),
        draw: Box::new(move |area| draw(area, arms, layout)),
    }
}

fn middle(slice: &Slice) -> f64 {
    f64::midpoint(slice.start_s, slice.end_s)
}

fn draw(area: &Area, arms: &[(usize, &Arm)], layout: Layout) -> Result<(), ChartError> {
    let slices = || arms.iter().flat_map(|(_, arm)| &arm.timeline);
    let figures = || {
        slices()
            .flat_map(|slice| [slice.p50_us, slice.max_us])
            .flatten()
    };
    let low = figures().fold(f64::INFINITY, f64::min);
    let high = figures().fold(0.0, f64::max);
    let (low, high) = if high > 0.0 { (low, high) } else { (1e3, 1e6) };
    let end_s = slices().map(|slice| slice.end_s).fold(0.0, f64::max);
    let x = Axis::from_zero(end_s.max(1e-3), layout.pick(10, 5));
    let y = Axis::latency(low, high, 6);
    for (panel, (index, arm)) in area.split_evenly((arms.len(), 1)).iter().zip(arms) {
        let name = sheet::bold(HPos::Left, VPos::Center);
        panel.draw_text(&arm.name, &name, (px(sheet::EDGE), px(NAME / 2)))?;
        let panel = panel.margin(px(NAME), 0, 0, 0);
        let mut plot = sheet::frame(
            &panel,
            &Frame {
                x: &x,
                y: &y,
                x_label: &|seconds| seconds_label(*seconds),
                y_label: &|log| axis::time(10_f64.powf(*log)),
                x_name: "",
                margin: (STRIP, 0),
            },
        )?;
        curves(&mut plot, *index, &arm.timeline)?;
        marks(&mut plot, &y, &arm.timeline)?;
    }
    Ok(())
}

fn seconds_label(seconds: f64) -> String {
    if seconds == 0.0 {
        return format!("0{}s", figures::JOINT);
    }
    axis::time(seconds * 1e6)
}

/// Stretches of slices in which calls succeeded: a curve must not bridge an outage.
fn stretches(timeline: &[Slice]) -> impl Iterator<Item = &[Slice]> {
    let stretches = timeline.split(|slice| slice.p50_us.is_none());
    stretches.filter(|stretch| !stretch.is_empty())
}

fn curves(plot: &mut Plot, index: usize, timeline: &[Slice]) -> Result<(), ChartError> {
    let at = |figure: fn(&Slice) -> Option<f64>, slices: &[Slice]| -> Vec<(f64, f64)> {
        let points = slices
            .iter()
            .filter_map(|slice| figure(slice).map(|us| (middle(slice), us.max(1e-3).log10())));
        points.collect()
    };
    for stretch in stretches(timeline) {
        let p50 = at(|slice| slice.p50_us, stretch);
        let p99 = at(|slice| slice.p99_us, stretch);
        let slowest = at(|slice| slice.max_us, stretch);
        let band = p50.iter().copied().chain(p99.iter().rev().copied());
        let wash = Ink::Solid(index).wash(0.16);
        plot.draw_series([Polygon::new(band.collect::<Vec<_>>(), wash)])?;
        plot.draw_series([sheet::line(p99, Ink::Dashed(index), 1.4)])?;
        plot.draw_series([sheet::line(p50, Ink::Solid(index), 2.2)])?;
        let dots = slowest.into_iter();
        plot.draw_series(dots.map(|dot| Circle::new(dot, px(2), Ink::Solid(index).filled())))?;
    }
    Ok(())
}

/// Strokes above the curves for failures, on the axis for loads.
fn marks(plot: &mut Plot, y: &Axis, timeline: &[Slice]) -> Result<(), ChartError> {
    let (bottom, top) = (y.range.start, y.range.end);
    let tick = |slice: &Slice, at: f64, ink: Ink, from: i32, to: i32| {
        let stroke = PathElement::new([(0, px(from)), (0, px(to))], ink.line(2.0));
        plotters::element::EmptyElement::at((middle(slice), at)) + stroke
    };
    let failed = timeline.iter().filter(|slice| slice.failed > 0);
    plot.draw_series(failed.map(|slice| tick(slice, top, Ink::Failed, -STRIP + 1, -1)))?;
    let loaded = timeline.iter().filter(|slice| slice.loads > 0);
    plot.draw_series(loaded.map(|slice| tick(slice, bottom, Ink::Loaded, -STRIP + 2, 0)))?;
    Ok(())
}

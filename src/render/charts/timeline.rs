//! Latency over time, an arm below the other: median and 99th percentile of each slice of the run, its
//! slowest call, and where credentials were loaded and calls failed.

use super::axis::Axis;
use super::ink::Ink;
use super::layout::Layout;
use super::plot::Plot;
use super::sheet::{EDGE, Sample, Sheet};
use super::svg::Drawing;
use crate::document::{Arm, Measurement, Slice};

/// Of the panel, in pixels: the arm's name, and the strip for marks above the curves.
const NAME: f64 = 20.0;
const STRIP: f64 = 12.0;

const P50_WIDTH: f64 = 2.2;
const P99_WIDTH: f64 = 1.4;
const MARK_WIDTH: f64 = 2.0;

/// `None` where no arm has a timeline.
pub(super) fn sheet(run: &Measurement, layout: Layout) -> Option<Sheet> {
    let all = run.arms.iter().enumerate();
    let arms: Vec<_> = all.filter(|(_, arm)| !arm.timeline.is_empty()).collect();
    if arms.is_empty() {
        return None;
    }
    let slices: Vec<&Slice> = arms.iter().flat_map(|(_, arm)| &arm.timeline).collect();
    let end_s = slices.iter().map(|slice| slice.end_s).fold(0.0, f64::max);
    let x = Axis::seconds(end_s.max(1e-3), layout.pick(10, 5));
    let y = latency_axis(&slices);
    let height = layout.pick(if arms.len() > 3 { 170.0 } else { 220.0 }, 200.0);
    let plot = Plot::within(layout.width(), (NAME + STRIP, height), &x, &y);
    let mut body = Drawing::default();
    for (place, (index, arm)) in arms.iter().enumerate() {
        body.inset(height * place as f64, panel(&plot, *index, arm));
    }
    Some(Sheet {
        legend: legend(&slices),
        height: height * arms.len() as f64,
        body,
    })
}

fn legend(slices: &[&Slice]) -> Vec<(Sample, String)> {
    let mut legend = vec![
        (Sample::Line(Ink::Solid(0), P50_WIDTH), "p50".to_owned()),
        (Sample::Line(Ink::Dashed(0), P99_WIDTH), "p99".to_owned()),
        (Sample::Dot(Ink::Solid(0)), "slowest call".to_owned()),
    ];
    if slices.iter().any(|slice| slice.failed > 0) {
        let name = "failed calls (above)".to_owned();
        legend.push((Sample::Tick(Ink::Failed), name));
    }
    if slices.iter().any(|slice| slice.loads > 0) {
        let name = "credentials loaded (below)".to_owned();
        legend.push((Sample::Tick(Ink::Loaded), name));
    }
    legend
}

fn latency_axis(slices: &[&Slice]) -> Axis {
    let figures = || {
        let figures = slices.iter().flat_map(|slice| [slice.p50_us, slice.max_us]);
        figures.flatten()
    };
    let low = figures().fold(f64::INFINITY, f64::min);
    let high = figures().fold(0.0, f64::max);
    let (low, high) = if high > 0.0 { (low, high) } else { (1e3, 1e6) };
    Axis::latency(low, high, 6)
}

fn panel(plot: &Plot, index: usize, arm: &Arm) -> Drawing {
    let mut panel = Drawing::default();
    panel.heading((EDGE, NAME / 2.0), &arm.name);
    plot.draw_axes(&mut panel);
    // A curve must not bridge an outage.
    let stretches = arm.timeline.split(|slice| slice.p50_us.is_none());
    for stretch in stretches.filter(|stretch| !stretch.is_empty()) {
        draw_curves(&mut panel, plot, index, stretch);
    }
    draw_marks(&mut panel, plot, &arm.timeline);
    panel
}

fn middle(slice: &Slice) -> f64 {
    f64::midpoint(slice.start_s, slice.end_s)
}

fn draw_curves(panel: &mut Drawing, plot: &Plot, index: usize, slices: &[Slice]) {
    let points = |figure: fn(&Slice) -> Option<f64>| {
        let figures = slices
            .iter()
            .filter_map(|slice| figure(slice).map(|us| (middle(slice), us)));
        plot.points(&figures.collect::<Vec<_>>())
    };
    let p50 = points(|slice| slice.p50_us);
    let p99 = points(|slice| slice.p99_us);
    let band: Vec<_> = p50.iter().chain(p99.iter().rev()).copied().collect();
    panel.polygon(&band, Ink::Solid(index), 0.16);
    panel.line(&p99, Ink::Dashed(index), P99_WIDTH);
    panel.line(&p50, Ink::Solid(index), P50_WIDTH);
    for slowest in points(|slice| slice.max_us) {
        panel.dot(slowest, 2.0, Ink::Solid(index));
    }
}

/// Strokes above the curves for failures, on the axis for loads.
fn draw_marks(panel: &mut Drawing, plot: &Plot, timeline: &[Slice]) {
    let mut stroke = |slice: &Slice, from: f64, to: f64, ink: Ink| {
        let x = plot.x(middle(slice));
        panel.line(&[(x, from), (x, to)], ink, MARK_WIDTH);
    };
    for slice in timeline.iter().filter(|slice| slice.failed > 0) {
        stroke(slice, plot.top - STRIP + 1.0, plot.top - 1.0, Ink::Failed);
    }
    for slice in timeline.iter().filter(|slice| slice.loads > 0) {
        stroke(slice, plot.bottom - STRIP + 2.0, plot.bottom, Ink::Loaded);
    }
}

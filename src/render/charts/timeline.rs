//! Latency over time, an arm below the other: median and 99th percentile of each slice of the run, its
//! slowest call, and where credentials were loaded and calls failed.

use super::axis::{Axis, span};
use super::ink::Ink;
use super::plot::Plot;
use super::sheet::{EDGE, Layout, Sample, Sheet};
use super::svg::Drawing;
use crate::document::{Arm, Measurement, Slice};

/// Of the panel, in pixels: the arm's name, and the strip for marks above the curves.
const NAME: f64 = 20.0;
const STRIP: f64 = 12.0;

const P50_WIDTH: f64 = 2.2;
const P99_WIDTH: f64 = 1.4;
const MARK_WIDTH: f64 = 2.0;

/// Its ink, what the legend says, and how many a slice has of what it marks.
type Mark = (Ink, &'static str, fn(&Slice) -> u64);

/// Above the curves, and on the axis.
const MARKS: [Mark; 2] = [
    (Ink::Failed, "failed calls (above)", |slice| slice.failed),
    (Ink::Loaded, "credentials loaded (below)", |slice| {
        slice.loads
    }),
];

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
    let mut sheet = Sheet::new(0.0);
    sheet.legend = legend(&slices);
    for (index, arm) in arms {
        sheet.body.inset(sheet.height, panel(&plot, index, arm));
        sheet.height += height;
    }
    Some(sheet)
}

fn legend(slices: &[&Slice]) -> Vec<(Sample, String)> {
    let mut legend = vec![
        (Sample::Line(Ink::Solid(0), P50_WIDTH), "p50".to_owned()),
        (Sample::Line(Ink::Dashed(0), P99_WIDTH), "p99".to_owned()),
        (Sample::Dot(Ink::Solid(0)), "slowest call".to_owned()),
    ];
    for (ink, name, count) in MARKS {
        if slices.iter().any(|slice| count(slice) > 0) {
            legend.push((Sample::Tick(ink), name.to_owned()));
        }
    }
    legend
}

fn latency_axis(slices: &[&Slice]) -> Axis {
    let figures = slices.iter().flat_map(|slice| [slice.p50_us, slice.max_us]);
    let (low, high) = span(figures.flatten());
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
        let figures = slices.iter().map(|slice| (middle(slice), figure(slice)));
        plot.points(figures.filter_map(|(at, us)| Some((at, us?))))
    };
    let p50 = points(|slice| slice.p50_us);
    let p99 = points(|slice| slice.p99_us);
    let band: Vec<_> = p50.iter().chain(p99.iter().rev()).copied().collect();
    panel.shade(&band, Ink::Solid(index));
    panel.line(&p99, Ink::Dashed(index), P99_WIDTH);
    panel.line(&p50, Ink::Solid(index), P50_WIDTH);
    for slowest in points(|slice| slice.max_us) {
        panel.dot(slowest, 2.0, Ink::Solid(index));
    }
}

/// A stroke for each slice that has what is marked.
fn draw_marks(panel: &mut Drawing, plot: &Plot, timeline: &[Slice]) {
    for ((ink, _, count), end) in MARKS.into_iter().zip([plot.top - 1.0, plot.bottom]) {
        for slice in timeline.iter().filter(|slice| count(slice) > 0) {
            let x = plot.x(middle(slice));
            panel.line(&[(x, end - STRIP + 2.0), (x, end)], ink, MARK_WIDTH);
        }
    }
}

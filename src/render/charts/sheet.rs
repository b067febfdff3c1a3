//! What stands above a chart: its heading where the picture stands alone, and its legend. All charts get
//! theirs from here, so that they look alike.

use super::ink::Ink;
use super::svg::{Anchor, Drawing, Label, text_width};

/// Between the edge of the picture and what is in it, in pixels as all below.
pub(super) const EDGE: f64 = 4.0;
const ROW: f64 = 20.0;
const HEADING: f64 = 26.0;
/// What the sample of a legend's entry takes.
const SAMPLE: f64 = 26.0;
const SAMPLE_GAP: f64 = 6.0;
const ENTRY_GAP: f64 = 18.0;
const LEGEND_GAP: f64 = 6.0;

/// A chart before it is known what stands above it.
pub(super) struct Sheet {
    pub(super) legend: Vec<(Sample, String)>,
    /// In pixels.
    pub(super) height: f64,
    pub(super) body: Drawing,
}

/// What a legend shows of a thing in the chart.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    /// So many pixels wide.
    Line(Ink, f64),
    Dot(Ink),
    /// A short stroke, upright.
    Tick(Ink),
    /// With its opacity.
    Bar(Ink, f64),
}

impl Sheet {
    /// A sentence instead of a chart.
    pub(super) fn of_words(text: &str, width: f64) -> Self {
        let mut body = Drawing::default();
        body.text((width / 2.0, 40.0), Anchor::Middle, Ink::Muted, text);
        Self {
            legend: Vec::new(),
            height: 90.0,
            body,
        }
    }

    /// The whole as a picture of this width in pixels.
    pub(super) fn into_picture(self, label: &Label, width: f64) -> String {
        let mut picture = Drawing::default();
        let mut top = EDGE;
        if label.alone {
            picture.heading((EDGE, top + HEADING / 2.0), &label.title);
            top += HEADING;
        }
        if !self.legend.is_empty() {
            top = draw_legend(&mut picture, &self.legend, top, width) + LEGEND_GAP;
        }
        picture.inset(top, self.body);
        picture.into_picture(label, width, top + self.height)
    }
}

/// Entries beside each other as far as the width goes; returns where the last row of them ends.
fn draw_legend(
    picture: &mut Drawing,
    legend: &[(Sample, String)],
    mut top: f64,
    width: f64,
) -> f64 {
    let mut left = EDGE;
    for (sample, name) in legend {
        let takes = SAMPLE + SAMPLE_GAP + text_width(name);
        if left > EDGE && left + takes > width - EDGE {
            (left, top) = (EDGE, top + ROW);
        }
        let middle = top + ROW / 2.0;
        draw_sample(picture, *sample, left, middle);
        let at = (left + SAMPLE + SAMPLE_GAP, middle);
        picture.text(at, Anchor::Start, Ink::Text, name);
        left += takes + ENTRY_GAP;
    }
    top + ROW
}

fn draw_sample(picture: &mut Drawing, sample: Sample, left: f64, y: f64) {
    let centre = left + SAMPLE / 2.0;
    match sample {
        Sample::Line(ink, width) => picture.line(&[(left, y), (left + SAMPLE, y)], ink, width),
        Sample::Dot(ink) => picture.dot((centre, y), 3.0, ink),
        Sample::Tick(ink) => picture.line(&[(centre, y - 5.0), (centre, y + 5.0)], ink, 2.0),
        Sample::Bar(ink, opacity) => {
            picture.bar((left, y - 4.0), (left + SAMPLE, y + 4.0), ink, opacity);
        }
    }
}

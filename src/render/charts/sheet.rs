//! How much room a chart has, and what stands above it: its heading where the picture stands alone, and its
//! legend. All charts get theirs from here, so that they look alike.

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

/// Pictures come in two widths, since text in a picture that is merely shrunk cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::render) enum Layout {
    Wide,
    /// A telephone held upright.
    Narrow,
}

impl Layout {
    /// In pixels.
    pub(super) fn width(self) -> f64 {
        self.pick(860.0, 380.0)
    }

    pub(super) fn pick<T>(self, wide: T, narrow: T) -> T {
        match self {
            Self::Wide => wide,
            Self::Narrow => narrow,
        }
    }
}

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
    /// Of this height, with nothing on it.
    pub(super) fn new(height: f64) -> Self {
        Self {
            legend: Vec::new(),
            height,
            body: Drawing::default(),
        }
    }

    /// A sentence instead of a chart.
    pub(super) fn of_words(text: &str, layout: Layout) -> Self {
        let mut sheet = Self::new(90.0);
        let centre = (layout.width() / 2.0, 40.0);
        sheet.body.text(centre, Anchor::Middle, Ink::Muted, text);
        sheet
    }

    /// The whole as a picture.
    pub(super) fn into_picture(self, label: &Label, layout: Layout) -> String {
        let width = layout.width();
        let mut picture = Drawing::default();
        let mut top = EDGE;
        if label.alone {
            picture.heading((EDGE, top + HEADING / 2.0), &label.title);
            top += HEADING;
        }
        if !self.legend.is_empty() {
            top = self.draw_legend(&mut picture, top, width) + LEGEND_GAP;
        }
        picture.inset(top, self.body);
        picture.into_picture(label, width, top + self.height)
    }

    /// Entries beside each other as far as the width goes; returns where the last row of them ends.
    fn draw_legend(&self, picture: &mut Drawing, mut top: f64, width: f64) -> f64 {
        let mut left = EDGE;
        for (sample, name) in &self.legend {
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

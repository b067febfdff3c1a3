//! The field that curves are drawn in, with its axes: the one place where figures become pixels.

use super::axis::Axis;
use super::ink::Ink;
use super::svg::{Anchor, Drawing, Point};

/// What the vertical axis takes for its labels, in pixels, …
const LEFT: f64 = 58.0;
/// … what stays free on the right for half of the last label, …
const RIGHT: f64 = 22.0;
/// … and what the labels of the horizontal axis and its name take below.
const LABELS: f64 = 26.0;
const NAME: f64 = 18.0;

const TICK: f64 = 4.0;
/// From an axis to its labels.
const GAP: f64 = 2.0 * TICK;
/// From the top of a line of text to its middle, …
const HALF_LINE: f64 = 5.4;
/// … and of the row of the name to its.
const HALF_NAME: f64 = 7.0;

pub(super) struct Plot<'a> {
    x: &'a Axis,
    y: &'a Axis,
    left: f64,
    right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl<'a> Plot<'a> {
    /// A plot, its labels included, in a picture of this width between these heights.
    pub(super) fn within(width: f64, (top, end): (f64, f64), x: &'a Axis, y: &'a Axis) -> Self {
        let name = if x.name.is_empty() { 0.0 } else { NAME };
        Self {
            x,
            y,
            left: LEFT,
            right: width - RIGHT,
            top,
            bottom: end - LABELS - name,
        }
    }

    pub(super) fn x(&self, value: f64) -> f64 {
        self.left + self.x.part(value) * (self.right - self.left)
    }

    pub(super) fn y(&self, value: f64) -> f64 {
        self.bottom - self.y.part(value) * (self.bottom - self.top)
    }

    /// Figures as pixels.
    pub(super) fn points(&self, figures: impl IntoIterator<Item = (f64, f64)>) -> Vec<Point> {
        let points = figures.into_iter().map(|(x, y)| (self.x(x), self.y(y)));
        points.collect()
    }

    /// The axes last, so that they lie upon the mesh.
    pub(super) fn draw_axes(&self, drawing: &mut Drawing) {
        let (left, right, top, bottom) = (self.left, self.right, self.top, self.bottom);
        for tick in &self.x.ticks {
            let (x, label) = (self.x(*tick), (self.x.label)(*tick));
            drawing.line(&[(x, bottom), (x, top)], Ink::Grid, 1.0);
            drawing.line(&[(x, bottom), (x, bottom + TICK)], Ink::Axis, 1.0);
            let middle = bottom + GAP + HALF_LINE;
            drawing.text((x, middle), Anchor::Middle, Ink::Muted, &label);
        }
        for tick in &self.y.ticks {
            let (y, label) = (self.y(*tick), (self.y.label)(*tick));
            drawing.line(&[(left, y), (right, y)], Ink::Grid, 1.0);
            drawing.line(&[(left - TICK, y), (left, y)], Ink::Axis, 1.0);
            drawing.text((left - GAP, y), Anchor::End, Ink::Muted, &label);
        }
        let corner = [(left, top), (left, bottom), (right, bottom)];
        drawing.line(&corner, Ink::Axis, 1.0);
        if !self.x.name.is_empty() {
            let (x, y) = (f64::midpoint(left, right), bottom + LABELS + HALF_NAME);
            drawing.text((x, y), Anchor::Middle, Ink::Muted, self.x.name);
        }
    }
}

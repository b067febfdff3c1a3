//! A waterfall of the phases: each phase's own p50 and p99, begun where the one before it ended.
//!
//! Quantiles do not add up: the call that is slow to connect is rarely the one that is slow to transmit.
//! So the bars are not squeezed into the total; the measured total stands below them, and where the
//! staircase ends elsewhere, the reader sees by how much.

use super::ink::Ink;
use super::sheet::{EDGE, Layout, Sample, Sheet};
use super::svg::{Anchor, Drawing};
use crate::document::{Arm, Measurement, Quantiles};
use crate::figures;
use crate::render::breakdown;

/// The row that an arm's name takes, in pixels as all below.
const NAME: f64 = 24.0;
/// The room for a figure.
const FIGURE: f64 = 84.0;
const BAR: f64 = 8.0;
/// Shorter bars would not be seen at all.
const LEAST: f64 = 1.0;
/// Below an arm's total.
const GAP: f64 = 14.0;

/// How opaque the bars of p50 and p99 are.
const OPACITIES: [f64; 2] = [1.0, 0.38];

/// The row below the phases, which begins at zero.
const TOTAL: &str = "total";

struct Row<'a> {
    name: &'static str,
    quantiles: &'a Quantiles,
    /// Where the bars of p50 and p99 begin, in microseconds.
    from_us: [f64; 2],
}

impl Row<'_> {
    /// How long the bars of p50 and p99 are.
    fn us(&self) -> [f64; 2] {
        [self.quantiles.p50_us, self.quantiles.p99_us].map(|us| us.unwrap_or(0.0))
    }

    /// Where they end.
    fn to_us(&self) -> [f64; 2] {
        std::array::from_fn(|at| self.from_us[at] + self.us()[at])
    }
}

/// Rows of an arm, its total last.
fn rows<'a>(arm: &'a Arm, left_out: &[&str]) -> Vec<Row<'a>> {
    let row = |name, quantiles, from_us| Row {
        name,
        quantiles,
        from_us,
    };
    let mut rows: Vec<Row> = Vec::new();
    for (name, quantiles) in arm.phases.slices() {
        if quantiles.count > 0 && !left_out.contains(&name) {
            let from_us = rows.last().map_or([0.0; 2], Row::to_us);
            rows.push(row(name, quantiles, from_us));
        }
    }
    rows.push(row(TOTAL, &arm.phases.total, [0.0; 2]));
    rows
}

/// `None` where no arm's time was cut into phases, or into one phase only: it would be drawn beside the total
/// and be the same.
pub(super) fn sheet(run: &Measurement, layout: Layout) -> Option<Sheet> {
    let all = run.arms.iter().enumerate();
    let (places, arms): (Vec<usize>, Vec<&Arm>) = all
        .filter(|(_, arm)| breakdown::slices(&arm.phases).is_some())
        .unzip();
    if arms.is_empty() || breakdown::only_phase(&arms).is_some() {
        return None;
    }
    let left_out = breakdown::negligible(&arms);
    let panels: Vec<_> = arms.iter().map(|arm| rows(arm, &left_out)).collect();
    let ends_us = panels.iter().flatten().flat_map(Row::to_us);
    let grid = Grid::new(layout, ends_us.fold(0.0, f64::max).max(1e-3));

    let [p50, p99] = OPACITIES.map(|opacity| Sample::Bar(Ink::Solid(0), opacity));
    let mut sheet = Sheet::new(0.0);
    sheet.legend.push((p50, "p50 of the phase".to_owned()));
    sheet.legend.push((p99, "p99 of the phase".to_owned()));
    let (body, top) = (&mut sheet.body, &mut sheet.height);
    for ((index, arm), rows) in places.into_iter().zip(arms).zip(&panels) {
        let middle = *top + NAME / 2.0;
        body.heading((EDGE, middle), &arm.name);
        grid.draw_figures(body, ["p50", "p99"], Ink::Muted, middle);
        *top += NAME;
        for row in rows {
            grid.draw_words(body, row, *top);
            grid.draw_bars(body, row, index, *top);
            *top += grid.row;
        }
        *top += GAP;
    }
    Some(sheet)
}

/// Where things stand, in pixels.
struct Grid {
    width: f64,
    /// The height of a row, and where the middle of its words is.
    row: f64,
    words: f64,
    /// Where the bars begin.
    left: f64,
    pixels_per_us: f64,
}

impl Grid {
    fn new(layout: Layout, longest_us: f64) -> Self {
        let width = layout.width();
        // Where it is narrow, name and figures stand above the bars.
        let (row, words, left, right) = layout.pick(
            (26.0, 13.0, 112.0, width - 176.0),
            (42.0, 12.0, EDGE, width - EDGE),
        );
        Self {
            width,
            row,
            words,
            left,
            pixels_per_us: (right - left) / longest_us,
        }
    }

    fn draw_figures(&self, body: &mut Drawing, [p50, p99]: [&str; 2], ink: Ink, middle: f64) {
        let right = self.width - EDGE;
        body.text((right - FIGURE, middle), Anchor::End, ink, p50);
        body.text((right, middle), Anchor::End, ink, p99);
    }

    fn draw_words(&self, body: &mut Drawing, row: &Row, top: f64) {
        let is_total = row.name == TOTAL;
        if is_total {
            let rule = [(EDGE, top), (self.width - EDGE, top)];
            body.line(&rule, Ink::Axis, 1.0);
        }
        let middle = top + self.words;
        body.text((EDGE, middle), Anchor::Start, Ink::Text, row.name);
        let [p50, p99] = [row.quantiles.p50_us, row.quantiles.p99_us].map(figures::time_or_absent);
        let ink = if is_total { Ink::Text } else { Ink::Muted };
        self.draw_figures(body, [&p50, &p99], ink, middle);
    }

    fn draw_bars(&self, body: &mut Drawing, row: &Row, index: usize, top: f64) {
        let ink = Ink::Solid(index);
        let mut top = top + self.row - 2.0 * BAR - 5.0;
        for ((us, from_us), opacity) in row.us().into_iter().zip(row.from_us).zip(OPACITIES) {
            let bottom = top + BAR;
            let left = self.left + from_us * self.pixels_per_us;
            let right = left + (us * self.pixels_per_us).max(LEAST);
            if us > 0.0 {
                body.bar((left, top), (right, bottom), ink, opacity);
                if opacity < 1.0 {
                    let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
                    body.outline(&corners, ink, 0.8);
                }
            }
            top = bottom + 1.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    #[test]
    fn each_phase_begins_where_the_one_before_it_ended_and_the_total_at_zero() {
        let document = fixtures::sts().body;
        let rows = rows(&document.arms[0], &[]);
        for pair in rows[..rows.len() - 1].windows(2) {
            let end = pair[0].from_us[1] + pair[0].us()[1];
            assert!((pair[1].from_us[1] - end).abs() < 1e-6, "{}", pair[1].name);
        }
        let total = &rows[rows.len() - 1];
        assert_eq!((total.name, total.from_us), ("total", [0.0; 2]));
        assert_eq!(total.quantiles.p99_us, document.arms[0].phases.total.p99_us);
    }
}

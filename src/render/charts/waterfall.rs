//! A waterfall of the phases: each phase's own p50 and p99, begun where the one before it ended.
//!
//! Quantiles do not add up: the call that is slow to connect is rarely the one that is slow to transmit.
//! So the bars are not squeezed into the total; the measured total stands below them, and where the
//! staircase ends elsewhere, the reader sees by how much.

use plotters::element::{PathElement, Rectangle};
use plotters::style::text_anchor::{HPos, VPos};

use super::canvas::{Area, px, times};
use super::sheet::{self, EDGE, Sample};
use super::{ChartError, Ink, Layout, Sheet};
use crate::document::{Arm, Quantiles};
use crate::figures;
use crate::render::breakdown;

pub(super) const TITLE: &str = "Waterfall of the phases";

const NAME: i32 = 24;
/// The room for a figure.
const FIGURE: i32 = 84;
const BAR: i32 = 8;
/// Bars shorter than this many tenths of a pixel would not be seen at all.
const LEAST: i32 = 10;
const P50: f64 = 1.0;
const P99: f64 = 0.38;

/// The arms whose time was cut into phases, with their places. None where there is but one phase: it would
/// be drawn beside the total and be the same.
pub(super) fn arms(arms: &[Arm]) -> Vec<(usize, &Arm)> {
    let all = arms.iter().enumerate();
    let cut: Vec<_> = all
        .filter(|(_, arm)| breakdown::slices(&arm.phases).is_some())
        .collect();
    if breakdown::only_phase(&only(&cut)).is_some() {
        return Vec::new();
    }
    cut
}

struct Row<'a> {
    name: &'static str,
    quantiles: &'a Quantiles,
    /// Where the bars of p50 and p99 begin, in microseconds.
    from_us: [f64; 2],
}

impl Row<'_> {
    fn us(&self) -> [f64; 2] {
        [self.quantiles.p50_us, self.quantiles.p99_us].map(|us| us.unwrap_or(0.0))
    }
}

/// Rows of an arm, its total last.
fn rows<'a>(arm: &'a Arm, left_out: &[&str]) -> Vec<Row<'a>> {
    let mut from_us = [0.0; 2];
    let mut rows = Vec::new();
    for (name, quantiles) in arm.phases.slices() {
        if quantiles.count == 0 || left_out.contains(&name) {
            continue;
        }
        let row = Row {
            name,
            quantiles,
            from_us,
        };
        let us = row.us();
        rows.push(row);
        from_us = [from_us[0] + us[0], from_us[1] + us[1]];
    }
    rows.push(Row {
        name: "total",
        quantiles: &arm.phases.total,
        from_us: [0.0; 2],
    });
    rows
}

struct Grid {
    row: i32,
    /// Where the bars begin and end, in pixels.
    left: i32,
    right: i32,
}

impl Grid {
    fn of(layout: Layout) -> Self {
        let width = layout.width();
        match layout {
            Layout::Wide => Self {
                row: 26,
                left: 112,
                right: width - 176,
            },
            // Name and figures stand above the bars.
            Layout::Narrow => Self {
                row: 42,
                left: EDGE,
                right: width - EDGE,
            },
        }
    }
}

pub(super) fn sheet<'a>(arms: &'a [(usize, &'a Arm)], layout: Layout) -> Sheet<'a> {
    let grid = Grid::of(layout);
    let left_out = breakdown::negligible(&only(arms));
    let height = arms
        .iter()
        .map(|(_, arm)| panel_height(&rows(arm, &left_out), &grid))
        .sum();
    Sheet {
        entries: vec![
            (
                Sample::Bar(Ink::Solid(0), P50),
                "p50 of the phase".to_owned(),
            ),
            (
                Sample::Bar(Ink::Solid(0), P99),
                "p99 of the phase".to_owned(),
            ),
        ],
        height,
        draw: Box::new(move |area| draw(area, arms, layout)),
    }
}

fn only<'a>(arms: &[(usize, &'a Arm)]) -> Vec<&'a Arm> {
    arms.iter().map(|(_, arm)| *arm).collect()
}

fn panel_height(rows: &[Row], grid: &Grid) -> i32 {
    NAME + times(rows.len()) * grid.row + 14
}

fn draw(area: &Area, arms: &[(usize, &Arm)], layout: Layout) -> Result<(), ChartError> {
    let grid = Grid::of(layout);
    let left_out = breakdown::negligible(&only(arms));
    let ends = arms
        .iter()
        .flat_map(|(_, arm)| rows(arm, &left_out))
        .flat_map(|row| {
            let us = row.us();
            [row.from_us[0] + us[0], row.from_us[1] + us[1]]
        });
    let longest = ends.fold(0.0, f64::max).max(1e-3);
    let mut top = 0;
    for (index, arm) in arms {
        let rows = rows(arm, &left_out);
        let name = sheet::bold(HPos::Left, VPos::Center);
        area.draw_text(&arm.name, &name, (px(EDGE), px(top + NAME / 2)))?;
        columns(area, layout, top + NAME / 2)?;
        for (place, row) in rows.iter().enumerate() {
            let top = top + NAME + times(place) * grid.row;
            if row.name == "total" {
                let rule = [(px(EDGE), px(top)), (px(layout.width() - EDGE), px(top))];
                area.draw(&PathElement::new(rule, Ink::Axis.line(1.0)))?;
            }
            words(area, row, &grid, layout, top)?;
            bars(area, row, &grid, longest, (*index, top))?;
        }
        top += panel_height(&rows, &grid);
    }
    Ok(())
}

/// What the figures on the right are.
fn columns(area: &Area, layout: Layout, middle: i32) -> Result<(), ChartError> {
    let style = sheet::text(Ink::Muted, HPos::Right, VPos::Center);
    let right = px(layout.width() - EDGE);
    area.draw_text("p50", &style, (right - px(FIGURE), px(middle)))?;
    area.draw_text("p99", &style, (right, px(middle)))?;
    Ok(())
}

fn words(area: &Area, row: &Row, grid: &Grid, layout: Layout, top: i32) -> Result<(), ChartError> {
    let middle = px(layout.pick(top + grid.row / 2, top + 12));
    let ink = if row.name == "total" {
        Ink::Text
    } else {
        Ink::Muted
    };
    let right = px(layout.width() - EDGE);
    let [p50, p99] = [row.quantiles.p50_us, row.quantiles.p99_us].map(figures::time_or_absent);
    let name = sheet::text(Ink::Text, HPos::Left, VPos::Center);
    area.draw_text(row.name, &name, (px(EDGE), middle))?;
    let figures = sheet::text(ink, HPos::Right, VPos::Center);
    area.draw_text(&p50, &figures, (right - px(FIGURE), middle))?;
    area.draw_text(&p99, &figures, (right, middle))?;
    Ok(())
}

fn bars(
    area: &Area,
    row: &Row,
    grid: &Grid,
    longest: f64,
    (index, top): (usize, i32),
) -> Result<(), ChartError> {
    let scale = f64::from(px(grid.right - grid.left)) / longest;
    let first = px(top + grid.row - 2 * BAR - 5);
    let both = row.us().into_iter().zip(row.from_us).zip([P50, P99]);
    for (line, ((us, from_us), opacity)) in both.enumerate() {
        if us <= 0.0 {
            continue;
        }
        let from = px(grid.left) + (from_us * scale) as i32;
        let to = from + ((us * scale) as i32).max(LEAST);
        let top = first + px(times(line) * (BAR + 1));
        let bar = [(from, top), (to, top + px(BAR))];
        area.draw(&Rectangle::new(bar, Ink::Solid(index).wash(opacity)))?;
        if opacity < 1.0 {
            area.draw(&Rectangle::new(bar, Ink::Solid(index).line(0.8)))?;
        }
    }
    Ok(())
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

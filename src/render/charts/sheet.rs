//! What surrounds a chart: heading, legend, axes with their mesh. All charts get theirs from here, so
//! that they look alike.

use plotters::chart::{ChartBuilder, ChartContext};
use plotters::coord::cartesian::Cartesian2d;
use plotters::element::{Circle, PathElement};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontDesc, FontFamily, FontStyle, TextStyle};

use super::ChartError;
use super::axis::Axis;
use super::canvas::{Area, Canvas, TEXT, px, text_width};
use super::ink::Ink;

/// Between the edge of the picture and what is in it.
pub(super) const EDGE: i32 = 4;
const ROW: i32 = 20;
const HEADING: i32 = 26;
/// What the sample of a legend's entry takes.
const SAMPLE: i32 = 26;
const SAMPLE_GAP: i32 = 6;
const ENTRY_GAP: i32 = 18;
const LATENCY_WIDTH: i32 = 58;

pub(super) type Plot<'a, 'b> = ChartContext<'a, Canvas<'b>, Cartesian2d<Axis, Axis>>;

/// What a legend shows of a thing in the chart.
#[derive(Clone, Copy)]
pub(super) enum Sample {
    Line(Ink, f64),
    Dot(Ink),
    /// A short stroke, upright.
    Tick(Ink),
    Bar(Ink, f64),
}

/// Text as it stands in charts.
pub(super) fn text(ink: Ink, horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    font(ink, FontStyle::Normal).pos(Pos::new(horizontal, vertical))
}

pub(super) fn bold(horizontal: HPos, vertical: VPos) -> TextStyle<'static> {
    font(Ink::Text, FontStyle::Bold).pos(Pos::new(horizontal, vertical))
}

fn font(ink: Ink, style: FontStyle) -> TextStyle<'static> {
    let font = FontDesc::new(FontFamily::SansSerif, f64::from(px(TEXT)), style);
    TextStyle {
        color: ink.to_backend_color(),
        ..TextStyle::from(font)
    }
}

/// The pixels above the chart proper.
pub(super) fn head(title: Option<&str>, entries: &[(Sample, String)], width: i32) -> i32 {
    let rows = rows(entries, width).last().map_or(0, |place| place.1 + 1);
    EDGE + title.map_or(0, |_| HEADING) + rows * ROW + if rows > 0 { 6 } else { 0 }
}

/// Draws the title of a picture that stands alone, and the legend.
pub(super) fn draw_head(
    area: &Area,
    title: Option<&str>,
    entries: &[(Sample, String)],
    width: i32,
) -> Result<(), ChartError> {
    let mut top = EDGE;
    if let Some(title) = title {
        let style = bold(HPos::Left, VPos::Center);
        area.draw_text(title, &style, (px(EDGE), px(top + HEADING / 2)))?;
        top += HEADING;
    }
    let style = text(Ink::Text, HPos::Left, VPos::Center);
    for ((sample, name), (left, row)) in entries.iter().zip(rows(entries, width)) {
        let middle = top + row * ROW + ROW / 2;
        draw_sample(area, *sample, left, middle)?;
        let at = (px(left + SAMPLE + SAMPLE_GAP), px(middle));
        area.draw_text(name, &style, at)?;
    }
    Ok(())
}

/// Left edge and row of each entry.
fn rows(entries: &[(Sample, String)], width: i32) -> Vec<(i32, i32)> {
    let (mut left, mut row) = (EDGE, 0);
    let place = |(_, name): &(Sample, String)| {
        let takes = SAMPLE + SAMPLE_GAP + text_width(name);
        if left > EDGE && left + takes > width - EDGE {
            (left, row) = (EDGE, row + 1);
        }
        let place = (left, row);
        left += takes + ENTRY_GAP;
        place
    };
    entries.iter().map(place).collect()
}

fn draw_sample(area: &Area, sample: Sample, left: i32, middle: i32) -> Result<(), ChartError> {
    let (from, to, y) = (px(left), px(left + SAMPLE), px(middle));
    let centre = i32::midpoint(from, to);
    match sample {
        Sample::Line(ink, width) => {
            area.draw(&PathElement::new([(from, y), (to, y)], ink.line(width)))?;
        }
        Sample::Dot(ink) => {
            area.draw(&Circle::new((centre, y), px(3), ink.filled()))?;
        }
        Sample::Tick(ink) => {
            let tick = [(centre, y - px(5)), (centre, y + px(5))];
            area.draw(&PathElement::new(tick, ink.line(2.0)))?;
        }
        Sample::Bar(ink, opacity) => {
            let bar = [(from, y - px(4)), (to, y + px(4))];
            area.draw(&plotters::element::Rectangle::new(bar, ink.wash(opacity)))?;
        }
    }
    Ok(())
}

/// How a chart is framed.
pub(super) struct Frame<'f> {
    pub(super) x: &'f Axis,
    pub(super) y: &'f Axis,
    pub(super) x_label: &'f dyn Fn(&f64) -> String,
    pub(super) y_label: &'f dyn Fn(&f64) -> String,
    /// What the horizontal axis is, where the labels do not say it.
    pub(super) x_name: &'f str,
    /// Pixels left free above and below, for marks.
    pub(super) margin: (i32, i32),
}

/// Draws axes and mesh; what is returned draws in their coordinates.
pub(super) fn frame<'a, 'b>(area: &'a Area<'b>, frame: &Frame) -> Result<Plot<'a, 'b>, ChartError> {
    let name_height = if frame.x_name.is_empty() { 0 } else { 18 };
    let mut plot = ChartBuilder::on(area)
        .margin_top(px(frame.margin.0))
        .margin_right(px(22))
        .margin_bottom(px(EDGE))
        .x_label_area_size(px(22 + name_height + frame.margin.1))
        .y_label_area_size(px(LATENCY_WIDTH))
        .build_cartesian_2d(frame.x.clone(), frame.y.clone())?;
    plot.configure_mesh()
        .bold_line_style(Ink::Grid.line(1.0))
        .light_line_style(Ink::invisible())
        .axis_style(Ink::Axis.line(1.0))
        .label_style(text(Ink::Muted, HPos::Left, VPos::Top))
        .axis_desc_style(text(Ink::Muted, HPos::Left, VPos::Top))
        .set_all_tick_mark_size(px(4))
        .x_label_formatter(frame.x_label)
        .y_label_formatter(frame.y_label)
        .x_desc(frame.x_name)
        .draw()?;
    Ok(plot)
}

/// A line through points of a plot.
pub(super) fn line(points: Vec<(f64, f64)>, ink: Ink, width: f64) -> PathElement<(f64, f64)> {
    PathElement::new(points, ink.line(width))
}

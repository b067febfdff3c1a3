//! What plotters draws on: SVG whose elements have classes instead of colours, and tenths of pixels
//! instead of pixels, so that curves are smooth.

use std::fmt;

use maud::html;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters_backend::text_anchor::{HPos, VPos};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingBackend, DrawingErrorKind,
    FontStyle, FontTransform,
};

use super::ChartError;
use super::ink::{self, Ink};

/// Units of the canvas in a pixel.
pub(super) const FINE: i32 = 10;

/// The height of text, in pixels.
pub(super) const TEXT: i32 = 12;

/// How wide a letter is on average, in heights; text is set in the reader's own font.
const LETTER: f64 = 0.56;

pub(super) type Area<'a> = DrawingArea<Canvas<'a>, Shift>;

/// Pixels in units of the canvas.
pub(super) fn px(pixels: i32) -> i32 {
    pixels * FINE
}

/// So many of something that has a size in pixels.
pub(super) fn times(number: usize) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

/// About how many pixels wide a text comes out.
pub(super) fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * LETTER * f64::from(TEXT)).ceil() as i32
}

/// What a picture is called, for those who see it and those who do not.
pub(super) struct Label {
    /// Unique in the page.
    pub(super) id: String,
    pub(super) title: String,
    pub(super) description: String,
    /// Whether the picture is to be a file of its own and brings its style sheet along.
    pub(super) alone: bool,
}

/// A picture of this size in pixels; `draw` fills it.
pub(super) fn picture(
    label: &Label,
    (width, height): (i32, i32),
    draw: impl FnOnce(&Area) -> Result<(), ChartError>,
) -> Result<String, ChartError> {
    let mut shapes = String::new();
    {
        let canvas = Canvas {
            svg: &mut shapes,
            size: (px(width) as u32, px(height) as u32),
        };
        let area = canvas.into_drawing_area();
        draw(&area)?;
    }
    let (title, description) = (format!("{}-title", label.id), format!("{}-desc", label.id));
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}"))
            width=[label.alone.then_some(width)] height=[label.alone.then_some(height)]
            role="img" aria-labelledby=(format!("{title} {description}"))
            font-family="system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif" {
            title id=(title) { (printable(&label.title)) }
            desc id=(description) { (printable(&label.description)) }
            @if label.alone {
                style { (maud::PreEscaped(ink::css())) }
                rect class="paper-f" width=(width) height=(height) {}
            }
            (maud::PreEscaped(shapes))
        }
    };
    Ok(svg.into_string())
}

/// XML has no place for control characters, escaped or not.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// The backend. Only shapes that the charts consist of are drawn.
pub(super) struct Canvas<'a> {
    svg: &'a mut String,
    size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<fmt::Error>>;

fn fine(units: i32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    match (units.abs() / FINE, units.abs() % FINE) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenths) => format!("{sign}{whole}.{tenths}"),
    }
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    let points: Vec<_> = path
        .into_iter()
        .map(|(x, y)| format!("{},{}", fine(x), fine(y)))
        .collect();
    points.join(" ")
}

fn opacity(color: BackendColor) -> Option<f64> {
    (color.alpha < 1.0).then_some((color.alpha * 100.0).round() / 100.0)
}

fn line_class(color: BackendColor) -> String {
    format!("{}-l", Ink::class(color))
}

fn fill_class(color: BackendColor) -> String {
    format!("{}-f", Ink::class(color))
}

impl Canvas<'_> {
    fn add(&mut self, color: BackendColor, shape: &maud::Markup) {
        if color.alpha > 0.0 {
            self.svg.push_str(&shape.0);
        }
    }
}

impl DrawingBackend for Canvas<'_> {
    type ErrorType = fmt::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + FINE, y + FINE), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (left, top): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let color = style.color();
        let width = (!fill).then(|| fine(style.stroke_width().cast_signed()));
        let class = if fill {
            fill_class(color)
        } else {
            line_class(color)
        };
        let outlined = (!fill).then_some("none");
        let shape = html! {
            rect class=(class) x=(fine(left.min(right))) y=(fine(top.min(bottom)))
                width=(fine((right - left).abs())) height=(fine((bottom - top).abs()))
                fill=[outlined] stroke-width=[width] opacity=[opacity(color)] {}
        };
        self.add(color, &shape);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let color = style.color();
        let shape = html! {
            polyline class=(line_class(color)) points=(points(path)) fill="none" stroke-linejoin="round"
                stroke-width=(fine(style.stroke_width().cast_signed())) opacity=[opacity(color)] {}
        };
        self.add(color, &shape);
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        _fill: bool,
    ) -> Drawn {
        let color = style.color();
        let shape = html! {
            circle class=(fill_class(color)) cx=(fine(x)) cy=(fine(y)) r=(fine(radius.cast_signed()))
                opacity=[opacity(color)] {}
        };
        self.add(color, &shape);
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        vertices: I,
        style: &S,
    ) -> Drawn {
        let color = style.color();
        let shape = html! {
            polygon class=(fill_class(color)) points=(points(vertices)) opacity=[opacity(color)] {}
        };
        self.add(color, &shape);
        Ok(())
    }

    fn draw_text<T: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &T,
        (x, y): BackendCoord,
    ) -> Drawn {
        let color = style.color();
        let anchor = match style.anchor().h_pos {
            HPos::Left => None,
            HPos::Center => Some("middle"),
            HPos::Right => Some("end"),
        };
        let shift = match style.anchor().v_pos {
            VPos::Top => "0.8em",
            VPos::Center => "0.35em",
            VPos::Bottom => "-0.25em",
        };
        let turned = match style.transform() {
            FontTransform::None => None,
            FontTransform::Rotate90 => Some(90),
            FontTransform::Rotate180 => Some(180),
            FontTransform::Rotate270 => Some(270),
        };
        let turned = turned.map(|degrees| format!("rotate({degrees} {} {})", fine(x), fine(y)));
        let weight = matches!(style.style(), FontStyle::Bold).then_some("600");
        let shape = html! {
            text class=(fill_class(color)) x=(fine(x)) y=(fine(y)) dy=(shift) text-anchor=[anchor]
                font-size=(fine(style.size() as i32)) font-weight=[weight] transform=[turned] {
                (printable(text))
            }
        };
        self.add(color, &shape);
        Ok(())
    }

    fn estimate_text_size<T: BackendTextStyle>(
        &self,
        text: &str,
        style: &T,
    ) -> Result<(u32, u32), DrawingErrorKind<fmt::Error>> {
        let width = text.chars().count() as f64 * style.size() * LETTER;
        Ok((width as u32, style.size() as u32))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_tenths_of_pixels() {
        assert_eq!([0, 10, 125, -5].map(fine), ["0", "1", "12.5", "-0.5"]);
    }
}

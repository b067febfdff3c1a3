//! The little of SVG that charts consist of. Shapes have classes instead of colours: see [`ink`].

use maud::{Markup, PreEscaped, html};

use super::ink::{self, Ink};

/// The height of text, in pixels.
const TEXT: f64 = 12.0;

/// How wide a letter is on average, in heights; text is set in the reader's own font.
const LETTER: f64 = 0.56;

const FONTS: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', sans-serif";

/// Pixels from the left and from the top.
pub(super) type Point = (f64, f64);

/// Where a text lies as seen from the point that it is put at. Its middle is at the point's height.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
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

/// Shapes, of which the later ones cover the earlier ones.
#[derive(Default)]
pub(super) struct Drawing {
    svg: String,
}

impl Drawing {
    fn add(&mut self, shape: &Markup) {
        self.svg.push_str(&shape.0);
    }

    /// A line through points, so many pixels wide.
    pub(super) fn line(&mut self, through: &[Point], ink: Ink, width: f64) {
        self.add(&html! {
            polyline class=(ink.line_class()) points=(points(through)) fill="none"
                stroke-width=(tenths(width)) {}
        });
    }

    /// An area that others show through.
    pub(super) fn shade(&mut self, corners: &[Point], ink: Ink) {
        self.add(&html! {
            polygon class=(ink.fill_class()) points=(points(corners)) opacity="0.16" {}
        });
    }

    /// The edge of an area.
    pub(super) fn outline(&mut self, corners: &[Point], ink: Ink, width: f64) {
        self.add(&html! {
            polygon class=(ink.line_class()) points=(points(corners)) fill="none"
                stroke-width=(tenths(width)) {}
        });
    }

    /// A bar between its upper left and its lower right corner.
    pub(super) fn bar(&mut self, from: Point, to: Point, ink: Ink, opacity: f64) {
        let ((left, top), (right, bottom)) = (from, to);
        let opacity = Some(opacity).filter(|opacity| *opacity < 1.0);
        self.add(&html! {
            rect class=(ink.fill_class()) x=(tenths(left)) y=(tenths(top))
                width=(tenths(right - left)) height=(tenths(bottom - top)) opacity=[opacity] {}
        });
    }

    pub(super) fn dot(&mut self, (x, y): Point, radius: f64, ink: Ink) {
        self.add(&html! {
            circle class=(ink.fill_class()) cx=(tenths(x)) cy=(tenths(y)) r=(tenths(radius)) {}
        });
    }

    pub(super) fn text(&mut self, at: Point, anchor: Anchor, ink: Ink, text: &str) {
        self.add(&letters(at, anchor, ink, None, text));
    }

    pub(super) fn heading(&mut self, at: Point, text: &str) {
        self.add(&letters(at, Anchor::Start, Ink::Text, Some("600"), text));
    }

    /// Another drawing, so many pixels further down.
    pub(super) fn inset(&mut self, down: f64, drawing: Drawing) {
        self.add(&html! {
            g transform=(format!("translate(0 {})", tenths(down))) { (PreEscaped(drawing.svg)) }
        });
    }

    /// The drawing as a picture of this size in pixels.
    pub(super) fn into_picture(self, label: &Label, width: f64, height: f64) -> String {
        let (title, description) = (format!("{}-title", label.id), format!("{}-desc", label.id));
        let picture = html! {
            svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {width} {height}"))
                width=[label.alone.then_some(width)] height=[label.alone.then_some(height)]
                role="img" aria-labelledby=(format!("{title} {description}"))
                font-family=(FONTS) font-size=(TEXT) stroke-linejoin="round" {
                title id=(title) { (printable(&label.title)) }
                desc id=(description) { (printable(&label.description)) }
                @if label.alone {
                    style { (PreEscaped(ink::css())) }
                    rect class=(Ink::Paper.fill_class()) width=(width) height=(height) {}
                }
                (PreEscaped(self.svg))
            }
        };
        picture.into_string()
    }
}

/// About how many pixels wide a text comes out.
pub(super) fn text_width(text: &str) -> f64 {
    (text.chars().count() as f64 * LETTER * TEXT).ceil()
}

fn letters((x, y): Point, anchor: Anchor, ink: Ink, weight: Option<&str>, text: &str) -> Markup {
    let anchor = match anchor {
        Anchor::Start => None,
        Anchor::Middle => Some("middle"),
        Anchor::End => Some("end"),
    };
    html! {
        text class=(ink.fill_class()) x=(tenths(x)) y=(tenths(y)) dy="0.35em" text-anchor=[anchor]
            font-weight=[weight] { (printable(text)) }
    }
}

/// Finer than this, nobody sees a difference. The sum turns −0 into 0.
fn tenths(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0 + 0.0
}

fn points(points: &[Point]) -> String {
    let points = points.iter().map(|&(x, y)| (tenths(x), tenths(y)));
    let points: Vec<_> = points.map(|(x, y)| format!("{x},{y}")).collect();
    points.join(" ")
}

/// XML has no place for control characters, escaped or not.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_tenths_of_pixels() {
        let shown = [0.0, 1.04, 12.46, -0.5, -0.01].map(|pixels| tenths(pixels).to_string());
        assert_eq!(shown, ["0", "1", "12.5", "-0.5", "0"]);
    }

    #[test]
    fn text_from_outside_is_escaped_and_loses_its_control_characters() {
        let mut drawing = Drawing::default();
        drawing.text((0.0, 0.0), Anchor::Start, Ink::Text, "a\u{1b}<b>&");
        let svg = drawing.svg;
        assert!(svg.contains(">a&lt;b&gt;&amp;</text>"), "{svg}");
    }
}

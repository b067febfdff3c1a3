//! The first screen of a result: what was measured, the answer, its proof in brief, and what to do about it.
//!
//! A terminal is read from its end, so what to do stands there, and no screen is longer than a terminal is high.
//! Everything else is behind `--details`.

mod answer;
mod change;
mod doctor;
mod lab;
mod layout;
mod measured;
mod parts;
mod virtual_time;

use super::style::Style;
use crate::document::{Body, Document};

/// A document's first screen as text.
pub(super) fn render(document: &Document, style: &Style) -> String {
    let Document { head, body } = document;
    let screen = match body {
        Body::Measured(body) => measured::screen(head, body, style),
        Body::Doctor(body) => doctor::screen(head, body, style),
        Body::Lab(body) => lab::screen(body),
        Body::Simulated(body) => virtual_time::of_simulation(head, body, style),
        Body::Crowds(body) => virtual_time::of_crowds(head, body, style),
    };
    layout::render(&screen, style)
}

//! From a [`Document`](crate::document::Document) to text: one renderer per format, and the one writer of results.
//!
//! Nothing here measures or judges. The formats for programs (JSON, CSV, `HdrHistogram` logs) are made from the
//! document itself; those for people (table, Markdown, page) from one outline of it, so that all say the same.

mod balance;
mod bars;
mod blocks;
mod breakdown;
mod charts;
mod checks;
mod comparisons;
mod composition;
mod crowds;
mod doctor;
mod first_call;
mod format;
mod hgrm;
mod histogram;
mod hlog;
mod html;
mod lab;
mod lines;
mod markdown;
mod outline;
mod output;
mod part;
mod phases;
mod progress;
mod renewal;
mod screen;
mod simulation;
mod style;
mod table;
mod tagged;
#[cfg(test)]
mod tests;
mod wording;

pub use charts::Chart;
pub use checks::breaches;
pub use format::{Format, render};
pub use output::{check_writable, width, write};
pub use part::RenderError;
pub use progress::{Progress, beside, failure, note, usage, warning};
pub use style::Style;

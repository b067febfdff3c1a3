//! What a run has to say: the [`Document`], and one renderer per format.
//!
//! Nothing here measures, and nothing else in the crate writes results. The formats for programs,
//! [`json`], [`csv`], [`hlog`] and [`hgrm`], are made from the document itself; those for people,
//! [`table`], [`markdown`] and [`html`], from one [`outline`] of it, so that all say the same.

pub mod across;
pub mod assemble;
pub mod balance;
mod bars;
mod blocks;
mod breakdown;
mod charts;
mod checks;
mod codec;
mod comparisons;
mod composition;
pub mod crowds;
mod csv;
pub mod diagnosis;
pub mod document;
mod examined;
mod figures;
#[cfg(test)]
mod fixtures;
mod hgrm;
mod histogram;
mod hlog;
mod html;
mod json;
mod judgement;
pub mod knee;
mod lab_requests;
mod markdown;
mod outline;
mod output;
mod phases;
pub mod process_credentials;
mod progress;
mod renewal;
pub mod sameness;
#[cfg(test)]
mod schema;
mod sheet;
pub mod simulation;
mod stampede;
pub mod stored;
mod table;
mod tagged;
#[cfg(test)]
mod tests;
pub mod threshold;
mod wording;

pub use charts::Chart;
pub use checks::breaches;
pub use codec::{DecodeError, decode_histogram, encode_histogram};
pub use hlog::LogError;
pub use output::{check_writable, width, write};
pub use progress::{Progress, failure, note, warning};
pub use tagged::UnreadableHistogram;

use crowds::CrowdsDocument;
use diagnosis::DoctorDocument;
use document::{Document, LabDocument};
use simulation::SimulationDocument;

/// How the result is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For a terminal
    #[default]
    Table,
    /// The whole document, histograms included
    Json,
    /// One row per arm and phase
    Csv,
    /// For an issue or a pull request
    Markdown,
    /// One page with pictures, readable offline
    Html,
    /// One picture: see --chart
    Svg,
    /// `HdrHistogram` interval log, tagged by arm and phase
    Hlog,
    /// `HdrHistogram` percentile distributions, in milliseconds
    Hgrm,
}

impl Format {
    /// Whether a result of counts alone can be written so, such as what programs asked of the lab.
    #[must_use]
    pub fn holds_counts(self) -> bool {
        !matches!(self, Self::Svg | Self::Hlog | Self::Hgrm)
    }
}

/// What the place where a report will be read can show, and what it is to show there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns that no line exceeds, as far as that is possible: [`Style::LEAST_WIDTH`] are always used.
    pub width: usize,
    /// The picture that [`Format::Svg`] is of.
    pub chart: Chart,
}

impl Style {
    /// Narrower than this, tables of times cannot be read any more.
    pub const LEAST_WIDTH: usize = 60;

    fn columns(&self) -> usize {
        self.width.max(Self::LEAST_WIDTH)
    }
}

/// Markdown does not know where it will be shown; this is what GitHub shows without scrolling.
const MARKDOWN_WIDTH: usize = 100;

/// Why a document could not be rendered: figures that a format cannot hold.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    #[error("the result does not go into JSON")]
    Json(#[from] serde_json::Error),
    #[error("the result does not go into CSV")]
    Csv(#[from] ::csv::Error),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Histogram(#[from] UnreadableHistogram),
    #[error("this result has no latencies, which the format is made of")]
    NoLatencies,
}

/// The document as text, with a newline at its end.
pub fn render(document: &Document, format: Format, style: &Style) -> Result<String, RenderError> {
    Ok(match format {
        Format::Table => table::render(&outline::of(document, style.columns()), style),
        Format::Markdown => markdown::render(&outline::of(document, MARKDOWN_WIDTH)),
        Format::Json => json::render(document)?,
        Format::Csv => csv::render(document)?,
        Format::Html => html::render(document),
        Format::Svg => charts::standalone(document, style.chart),
        Format::Hlog => hlog::render(document)?,
        Format::Hgrm => hgrm::render(document)?,
    })
}

/// Anything else that a program reads, as JSON with a newline at its end.
pub fn to_json(value: &impl serde::Serialize) -> Result<String, RenderError> {
    Ok(json::render(value)?)
}

/// What a machine's examination gave as text, with a newline at its end.
pub fn render_doctor(
    document: &DoctorDocument,
    format: Format,
    style: &Style,
) -> Result<String, RenderError> {
    sheet::render(document, format, style)
}

/// What programs asked of the lab as text, with a newline at its end.
pub fn render_lab(
    document: &LabDocument,
    format: Format,
    style: &Style,
) -> Result<String, RenderError> {
    sheet::render(document, format, style)
}

/// A simulation as text, with a newline at its end.
pub fn render_simulation(
    document: &SimulationDocument,
    format: Format,
    style: &Style,
) -> Result<String, RenderError> {
    sheet::render(document, format, style)
}

/// What becomes of crowds of resolvers as text, with a newline at its end.
pub fn render_crowds(
    document: &CrowdsDocument,
    format: Format,
    style: &Style,
) -> Result<String, RenderError> {
    sheet::render(document, format, style)
}

//! The formats, and what each makes of a document.

use super::charts;
use super::part::{Part, RenderError};
use super::style::Style;
use super::{hgrm, hlog, html, markdown, screen, table};
use crate::document::{Body, Document};

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
    /// Whether it is made of latencies, so that a result of counts alone cannot be written so.
    #[must_use]
    pub fn needs_latencies(self) -> bool {
        matches!(self, Self::Svg | Self::Hlog | Self::Hgrm)
    }
}

/// Markdown does not know where it will be shown; this is what GitHub shows without scrolling.
const MARKDOWN_WIDTH: usize = 100;

/// The document as text, with a newline at its end.
///
/// # Errors
///
/// If the format is made of latencies and the document has none, or holds a histogram that cannot be read.
pub fn render(document: &Document, format: Format, style: &Style) -> Result<String, RenderError> {
    let Document { head, body } = document;
    let part = part(body);
    let measured = || document.measured().ok_or(RenderError::NoLatencies);
    Ok(match format {
        Format::Table if style.details => {
            table::render(&part.outline(head, style.columns()), style)
        }
        Format::Table => screen::render(document, style),
        Format::Markdown => markdown::render(&part.outline(head, MARKDOWN_WIDTH)),
        Format::Json => serde_json::to_string_pretty(document)? + "\n",
        Format::Csv => part.csv(head)?,
        Format::Html => html::render(document, part),
        Format::Svg => charts::standalone(head, measured()?, style.chart),
        Format::Hlog => hlog::render(head, measured()?)?,
        Format::Hgrm => hgrm::render(head, measured()?)?,
    })
}

fn part(body: &Body) -> &dyn Part {
    match body {
        Body::Measured(body) => body.as_ref(),
        Body::Doctor(body) => body.as_ref(),
        Body::Lab(body) => body,
        Body::Simulated(body) => body,
        Body::Crowds(body) => body,
    }
}

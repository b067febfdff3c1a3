//! The histograms of a document with the names that they go by in formats of `HdrHistogram`.

use hdrhistogram::Histogram;

use super::part::RenderError;
use crate::document::Measurement;
use crate::document::codec::decode_histogram;

/// One distribution of an arm, in nanoseconds.
pub(super) struct Tagged {
    /// `regional.total`; `regional.failed.total` for calls that failed, `regional.first.total` for first calls.
    pub(super) tag: String,
    pub(super) histogram: Histogram<u64>,
}

impl Tagged {
    /// The histogram in the text; the tag says which one it was if it cannot be read.
    pub(super) fn decoded(tag: String, text: &str) -> Result<Self, RenderError> {
        match decode_histogram(text) {
            Ok(histogram) => Ok(Self { tag, histogram }),
            Err(source) => Err(RenderError::Histogram { tag, source }),
        }
    }
}

/// Everything that was measured of each arm: totals and phases, of successful calls, of failed ones, and of first calls.
pub(super) fn all(run: &Measurement) -> Result<Vec<Tagged>, RenderError> {
    let mut all = Vec::new();
    for arm in &run.arms {
        let failed = arm.failed_phases.iter().map(|phases| (".failed", phases));
        let first = arm.first_call.iter().map(|first| (".first", &first.phases));
        let kinds = std::iter::once(("", &arm.phases))
            .chain(failed)
            .chain(first);
        for (calls, phases) in kinds {
            for (phase, quantiles) in phases.all() {
                if let Some(text) = &quantiles.histogram {
                    let tag = format!("{}{calls}.{phase}", plain(&arm.name));
                    all.push(Tagged::decoded(tag, text)?);
                }
            }
        }
    }
    Ok(all)
}

/// An arm's name without what separates fields, lines and tags: commas, spaces, dots.
pub(super) fn plain(name: &str) -> String {
    name.replace(|c: char| !c.is_alphanumeric() && !"-_/".contains(c), "-")
}

/// Text for a comment, which ends with its line.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

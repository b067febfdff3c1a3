//! The histograms of a document with the names that they go by in formats of `HdrHistogram`.

use hdrhistogram::Histogram;

use crate::document::Measurement;
use crate::document::codec::{DecodeError, decode_histogram};

/// A histogram that could not be read.
#[derive(Debug, thiserror::Error)]
#[error("the histogram of {tag} cannot be read")]
pub struct UnreadableHistogram {
    tag: String,
    source: DecodeError,
}

/// One distribution of an arm, in nanoseconds.
pub(super) struct Tagged {
    /// `regional.total`; `regional.failed.total` for calls that failed.
    pub(super) tag: String,
    pub(super) histogram: Histogram<u64>,
}

/// Everything that was measured of each arm: totals and phases, of successful calls and of failed ones.
pub(super) fn all(run: &Measurement) -> Result<Vec<Tagged>, UnreadableHistogram> {
    let mut all = Vec::new();
    for arm in &run.arms {
        let failed = arm.failed_phases.iter().map(|phases| (".failed", phases));
        for (calls, phases) in std::iter::once(("", &arm.phases)).chain(failed) {
            for (phase, quantiles) in phases.all() {
                let tag = format!("{}{calls}.{phase}", plain(&arm.name));
                if let Some(text) = &quantiles.histogram {
                    let histogram = decode(text, &tag)?;
                    all.push(Tagged { tag, histogram });
                }
            }
        }
    }
    Ok(all)
}

/// The histogram in the text; the tag says which one it was if it cannot be read.
pub(super) fn decode(text: &str, tag: &str) -> Result<Histogram<u64>, UnreadableHistogram> {
    decode_histogram(text).map_err(|source| UnreadableHistogram {
        tag: tag.to_owned(),
        source,
    })
}

/// An arm's name without what separates fields, lines and tags: commas, spaces, dots.
pub(super) fn plain(name: &str) -> String {
    let kept = |c: char| c.is_alphanumeric() || "-_/".contains(c);
    name.chars()
        .map(|c| if kept(c) { c } else { '-' })
        .collect()
}

/// Text for a comment, which ends with its line.
pub(super) fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}

//! What a comparison comes down to.

use serde::{Deserialize, Serialize};

/// What a comparison says of the candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Verdict {
    #[serde(rename = "faster")]
    Faster,
    #[serde(rename = "slower")]
    Slower,
    /// The interval lies within the smallest difference that matters.
    #[serde(rename = "no difference")]
    NoDifference,
    /// The data allow neither.
    #[serde(rename = "inconclusive")]
    Inconclusive,
}

impl Verdict {
    /// The word that stands in the document.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Slower => "slower",
            Self::NoDifference => "no difference",
            Self::Inconclusive => "inconclusive",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_called_as_in_the_document() {
        for verdict in [
            Verdict::Faster,
            Verdict::Slower,
            Verdict::NoDifference,
            Verdict::Inconclusive,
        ] {
            assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.as_str());
        }
    }
}

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

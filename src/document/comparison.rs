//! Two arms compared: by the first arm of a run, or by the same arm of another run.

use serde::{Deserialize, Serialize};

use super::arm::Arm;
use crate::measure::{NoInterval, Statistic, Verdict};

/// One quantile of one phase, compared between two arms.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Comparison {
    pub baseline: String,
    pub candidate: String,
    pub phase: String,
    pub statistic: Statistic,
    /// 0.5 is the median; `None` for the mean.
    pub quantile: Option<f64>,
    pub baseline_us: f64,
    pub candidate_us: f64,
    /// Candidate − baseline: negative when the candidate is faster.
    pub difference_us: f64,
    pub ci_low_us: Option<f64>,
    pub ci_high_us: Option<f64>,
    /// Why there is no interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_interval: Option<NoInterval>,
    pub confidence: f64,
    /// The smallest difference that matters: one that lies within it is none.
    pub smallest_us: f64,
    pub verdict: Verdict,
    /// Where the verdict is inconclusive: about how many more calls per arm would settle it.
    pub more_calls: Option<u64>,
}

/// What an arm of the base is called where two runs are spoken of.
pub(crate) fn base_name(arm: &str) -> String {
    format!("{arm} (base)")
}

/// The two runs that `compare` was given.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Compared {
    pub base: StoredRun,
    pub new: StoredRun,
    /// The arms of the base as they were measured. Those of the new run are the document's own.
    pub base_arms: Vec<Arm>,
    /// Which arm of the base each arm of the new run was compared with, by name: `[base, new]`.
    pub pairs: Vec<[String; 2]>,
}

/// Where a stored document came from.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StoredRun {
    pub file: String,
    pub arguments: Vec<String>,
    pub started_at: String,
}

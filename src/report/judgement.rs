//! Parts of the document that come from judging a run rather than making it: limits held against it, and
//! the runs that were compared. As [`document`](super::document), it changes only by adding fields.

use serde::{Deserialize, Serialize};

use super::document::Arm;

/// A limit that the user set, held against one arm.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Check {
    /// As typed: the condition under which the check fails.
    pub expression: String,
    /// `None` when there was no arm to hold it against.
    pub arm: Option<String>,
    /// A statistic of a phase (`total.p99`), a counter, or `rate`.
    pub figure: String,
    pub passed: bool,
    /// In `unit`; `None` when it could not be measured, and then the check has not passed.
    pub seen: Option<f64>,
    /// `>`, `>=`, `<`, `<=` or `==`: the check fails where `seen operator limit`.
    pub operator: String,
    /// In `unit`.
    pub limit: f64,
    pub unit: Unit,
    /// Where `seen` is a share or a change: the figure itself (calls, microseconds or calls per second) …
    pub measured: Option<f64>,
    /// … and the one that it is a share of, or has changed from.
    pub against: Option<f64>,
}

/// What a [`Check`] counts in.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Unit {
    /// Microseconds.
    Us,
    /// A number of calls, attempts or connections.
    Count,
    PerS,
    /// Part of the arm's calls: 0.01 is one in a hundred.
    Share,
    /// (figure − base) / base: 0.05 is five percent more than the base.
    Change,
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

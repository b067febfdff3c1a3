//! Limits that a user set, held against a run.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

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
    /// The check fails where `seen operator limit`.
    pub operator: Operator,
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

/// How a figure is compared with its limit.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Operator {
    #[serde(rename = ">")]
    More,
    #[serde(rename = ">=")]
    MoreOrEqual,
    #[serde(rename = "<")]
    Less,
    #[serde(rename = "<=")]
    LessOrEqual,
    #[serde(rename = "==")]
    Equal,
}

impl Operator {
    pub(super) fn holds(self, seen: f64, limit: f64) -> bool {
        match self {
            Self::More => seen > limit,
            Self::MoreOrEqual => seen >= limit,
            Self::Less => seen < limit,
            Self::LessOrEqual => seen <= limit,
            Self::Equal => seen.partial_cmp(&limit) == Some(Ordering::Equal),
        }
    }
}

//! What the data say by themselves.

use serde::{Deserialize, Serialize};

/// What the data say by themselves, and what to do about it.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable, kebab-case.
    pub id: String,
    pub severity: Severity,
    pub summary: String,
    /// The figures it rests on.
    pub evidence: String,
    /// What comes of it where nothing is done; only of `doctor`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consequence: Option<String>,
    /// The setting or command that cures it.
    pub remedy: String,
    /// Where to read more; only of `doctor`, whose `--explain ID` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Finding {
    #[must_use]
    pub fn new(
        severity: Severity,
        id: &str,
        summary: impl Into<String>,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            severity,
            summary: summary.into(),
            evidence: evidence.into(),
            consequence: None,
            remedy: remedy.into(),
            reference: None,
        }
    }
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

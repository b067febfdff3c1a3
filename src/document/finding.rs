//! What the data say by themselves.

use serde::{Deserialize, Serialize};

use crate::figures;

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
    /// Settings or commands that do it, each a line ready to paste.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub change: Vec<String>,
    /// Where to read more; only of `doctor`, whose `--explain ID` says more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Finding {
    /// Something worth knowing.
    pub(crate) fn info(
        id: &str,
        summary: impl Into<String>,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Info, id, summary, evidence, remedy)
    }

    /// Something that costs time or calls.
    pub(crate) fn warning(
        id: &str,
        summary: impl Into<String>,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(Severity::Warning, id, summary, evidence, remedy)
    }

    /// Its texts may hold [`figures`].
    pub(crate) fn new(
        severity: Severity,
        id: &str,
        summary: impl Into<String>,
        evidence: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            id: id.to_owned(),
            severity,
            summary: figures::spaced(&summary.into()),
            evidence: figures::spaced(&evidence.into()),
            consequence: None,
            remedy: remedy.into(),
            change: Vec::new(),
            reference: None,
        }
    }

    /// With the lines that do what its remedy says.
    #[must_use]
    pub(crate) fn change<L: Into<String>>(mut self, lines: impl IntoIterator<Item = L>) -> Self {
        self.change = lines.into_iter().map(Into::into).collect();
        self
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

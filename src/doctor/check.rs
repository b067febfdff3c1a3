//! A check of the catalogue: what it looks for, and everything there is to say once it has found it.

use super::examination::Examination;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Info,
    Warning,
    Error,
}

impl Level {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One entry of the catalogue.
#[derive(Debug)]
pub struct Check {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// The worst that it can be.
    pub level: Level,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// How it comes about and how it shows.
    pub explanation: &'static str,
    /// What it does to programs.
    pub consequence: &'static str,
    /// The setting or command that cures it.
    pub remedy: &'static str,
    /// Where to read more: a public document or thread.
    pub reference: &'static str,
    /// A lab scenario or setting that provokes it, for those who want to see it.
    pub provoked_by: &'static str,
    /// Kept back where another error is found: it would only say again what that one explains.
    pub last_resort: bool,
    pub look: fn(&Examination) -> Option<Sighting>,
}

/// What a check saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub level: Level,
    pub summary: String,
    /// The figures that it rests on.
    pub evidence: String,
    /// In the place of the check's own, where it can be more exact.
    pub remedy: Option<String>,
}

impl Sighting {
    pub fn new(level: Level, summary: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self {
            level,
            summary: summary.into(),
            evidence: evidence.into(),
            remedy: None,
        }
    }

    #[must_use]
    pub fn cured_by(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// A check and what it saw.
#[derive(Clone, Debug)]
pub struct Diagnosis {
    pub check: &'static Check,
    pub sighting: Sighting,
}

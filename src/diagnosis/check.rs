//! A check of the catalogue: what it looks for, and everything there is to say once it has found it.

use std::time::Duration;

use super::examination::Examination;
use crate::document::{Finding, Severity};

/// One entry of the catalogue.
#[derive(Debug)]
pub struct Check {
    /// Stable, kebab-case.
    pub id: &'static str,
    /// The worst that it can be.
    pub level: Severity,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// How it comes about and how it shows.
    pub explanation: &'static str,
    /// What it does to programs.
    pub consequence: &'static str,
    /// What cures it, in a sentence or two.
    pub remedy: &'static str,
    /// The settings or commands that do it, each a line ready to paste, with what is known of the machine.
    pub(super) change: fn(&Examination) -> Vec<String>,
    /// Where to read more: a public document or thread.
    pub reference: &'static str,
    /// A lab scenario or setting that provokes it, for those who want to see it.
    pub provoked_by: &'static str,
    pub(super) look: fn(&Examination) -> Option<Observation>,
}

impl Check {
    /// The lines of what to change, on a machine of which nothing is known.
    pub(crate) fn lines(&self) -> Vec<String> {
        (self.change)(&Examination::default())
    }

    /// Its texts, under their headings.
    pub(crate) fn sections(&self) -> [(&'static str, &'static str); 5] {
        [
            ("cause", self.explanation),
            ("consequence", self.consequence),
            ("remedy", self.remedy),
            ("see it", self.provoked_by),
            ("reference", self.reference),
        ]
    }
}

impl Check {
    /// What a run that met the same cause says of it, with figures of its own.
    pub(crate) fn measured(
        &self,
        summary: impl Into<String>,
        evidence: impl Into<String>,
    ) -> Finding {
        let found = Observation::new(evidence).summary(summary);
        let level = self.level.min(Severity::Warning);
        found
            .lowered_to(level, true)
            .finding(self, &Examination::default())
    }
}

/// What a check saw. Severity and summary are the check's own level and title where nothing else is said.
#[derive(Debug, Default)]
pub(super) struct Observation {
    evidence: String,
    level: Option<Severity>,
    summary: Option<String>,
}

impl Observation {
    /// Rests on the figures in `evidence`.
    pub(super) fn new(evidence: impl Into<String>) -> Self {
        Self {
            evidence: evidence.into(),
            ..Self::default()
        }
    }

    pub(super) fn summary(mut self, summary: impl Into<String>) -> Self {
        self.summary = Some(summary.into());
        self
    }

    /// Less bad than the check's worst, where `milder` holds.
    pub(super) fn lowered_to(mut self, level: Severity, milder: bool) -> Self {
        self.level = milder.then_some(level);
        self
    }

    /// What the document says of it.
    pub(super) fn finding(self, check: &Check, seen: &Examination) -> Finding {
        let severity = self.level.unwrap_or(check.level);
        let summary = self.summary.as_deref().unwrap_or(check.title);
        let found = Finding {
            consequence: Some(check.consequence.to_owned()),
            reference: Some(check.reference.to_owned()),
            ..Finding::new(severity, check.id, summary, self.evidence, check.remedy)
        };
        found.change((check.change)(seen))
    }
}

/// The Region as a line may name it.
pub(super) fn region(seen: &Examination) -> &str {
    seen.region.as_ref().map_or("<region>", |(name, _)| name)
}

/// Lines that are the same on every machine.
pub(super) fn lines<const N: usize>(lines: [&str; N]) -> Vec<String> {
    lines.map(str::to_owned).into()
}

/// The line of a profile that lets the processes of a machine share their credentials.
pub(super) const SHARED: &str = "credential_process = awscreds-bench credential-process";

/// What lets boto3 and the AWS CLI wait longer for metadata.
pub(super) const LONGER_LIMITS: [&str; 2] = [
    "export AWS_METADATA_SERVICE_TIMEOUT=5",
    "export AWS_METADATA_SERVICE_NUM_ATTEMPTS=3",
];

/// A time as findings state it: to three digits or so, with its unit.
pub(super) fn brief(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms >= 1000.0 {
        format!("{:.1} s", ms / 1e3)
    } else if ms >= 10.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{ms:.1} ms")
    }
}

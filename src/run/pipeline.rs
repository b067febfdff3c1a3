//! From arms and a plan to what was measured of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::anyhow;

use super::assemble;
use super::credibility;
use super::failure::{Failure, hint_for};
use super::head::head;
use super::lab::{LabRequests, since};
use super::session::Session;
use crate::client::ArmFacts;
use crate::document::{Comparison, Document, Finding, LabInfo, Measurement, Target};
use crate::measure::{self, Call, Measured, Pacing, Plan, Statistic, Tally};

/// Calls per arm that may fail before a run is given up: one could be bad luck.
const PROBES: u32 = 3;

/// An arm to be measured.
pub struct ArmCall {
    pub name: String,
    pub call: Arc<dyn Call>,
    pub facts: Arc<ArmFacts>,
}

impl ArmCall {
    pub fn new(name: impl Into<String>, call: impl Call + 'static, facts: Arc<ArmFacts>) -> Self {
        Self {
            name: name.into(),
            call: Arc::new(call),
            facts,
        }
    }
}

/// The arms' names, in order.
#[must_use]
pub fn names(arms: &[ArmCall]) -> Vec<String> {
    arms.iter().map(|arm| arm.name.clone()).collect()
}

fn calls(arms: &[ArmCall]) -> Vec<Arc<dyn Call>> {
    arms.iter().map(|arm| Arc::clone(&arm.call)).collect()
}

impl Session {
    /// Makes the plan's warm-up calls. Fails early when the first calls of every arm all fail: what is
    /// left would only tell the same story more slowly, and load a target that is already in trouble.
    ///
    /// # Errors
    ///
    /// If every one of the first calls failed.
    pub async fn warm_up(&self, arms: &[ArmCall], plan: &Plan) -> Result<(), Failure> {
        if plan.warmup == 0 {
            return Ok(());
        }
        let calls = calls(arms);
        let probe = Plan {
            warmup: 1,
            pacing: Pacing::Closed {
                workers: arms.len(),
            },
            ..plan.clone()
        };
        for left in (0..PROBES).rev() {
            let probed = measure::load::warm_up(&calls, &probe, &self.stop).await;
            match all_failed(self.command, &probed.tallies) {
                None => break,
                Some(failure) if left == 0 => return Err(failure),
                Some(_) => (),
            }
        }
        let rest = Plan {
            warmup: plan.warmup - 1,
            ..plan.clone()
        };
        measure::load::warm_up(&calls, &rest, &self.stop).await;
        for arm in arms {
            arm.facts.clear();
        }
        Ok(())
    }

    /// Measures, with progress on stderr.
    pub async fn watched(&self, arms: &[ArmCall], plan: &Plan, label: &str) -> Measured {
        let served = Arc::new(AtomicU64::new(0));
        let total = plan.requests.map(|n| n * arms.len() as u64);
        let calls = calls(arms);
        let measured = measure::load::measure(&calls, plan, &self.stop, &served);
        let done = || (served.load(Ordering::Relaxed), total);
        self.console.watched(label, measured, done).await
    }

    /// Begins to measure: what the lab counts from here on belongs to the run.
    pub(crate) fn measure(&self, plan: &Plan) -> Run<'_> {
        Run {
            session: self,
            before: self.lab_requests(),
            after: None,
            body: Measurement {
                complete: true,
                environment: self.environment(),
                load: assemble::stated(plan, None),
                ..Measurement::default()
            },
        }
    }
}

/// A run under way.
pub struct Run<'a> {
    session: &'a Session,
    before: LabRequests,
    after: Option<LabRequests>,
    /// What has been measured so far, with the findings on the measurement itself.
    pub body: Measurement,
}

impl Run<'_> {
    /// Measures arms interleaved, so that drift hits all alike, and compares the first with each other one. Nothing
    /// where the run has been interrupted.
    pub async fn interleaved(&mut self, arms: &[ArmCall], plan: &Plan) {
        let body = &mut self.body;
        if arms.is_empty() || !body.complete {
            return;
        }
        let label = names(arms).join(" / ");
        let measured = self.session.watched(arms, plan, &label).await;
        body.complete = measured.complete;
        body.load = assemble::stated(plan, Some(&measured));
        body.comparisons.extend(comparisons(arms, &measured));
        for (arm, tally) in arms.iter().zip(&measured.tallies) {
            body.arms.push(assemble::arm(&arm.name, tally, &arm.facts));
        }
        let told = arms.iter().map(|arm| arm.name.as_str());
        let found = credibility::findings(told.zip(&measured.tallies), &body.load);
        body.findings.extend(found);
    }

    /// What the lab counts from here on does not belong to the run any more.
    pub fn stop_counting(&mut self) {
        self.after = Some(self.session.lab_requests());
    }

    /// The document of all that was measured, with the command's own findings before those on the measurement itself.
    pub(crate) fn document(self, findings: impl IntoIterator<Item = Finding>) -> Document {
        let (session, mut body) = (self.session, self.body);
        body.findings.splice(..0, findings);
        let after = self.after.unwrap_or_else(|| session.lab_requests());
        body.lab = session.lab.as_ref().map(|running| LabInfo {
            requests: since(&self.before, after),
            ..running.info.clone()
        });
        let target = match body.lab {
            Some(_) => Target::Lab,
            None => Target::Endpoint,
        };
        let head = head(session.command, Some(session.begun), Some(target));
        Document::new(head, body)
    }
}

/// The first arm against each other one, at the median, the 90th and the 99th percentile.
fn comparisons(arms: &[ArmCall], measured: &Measured) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for (arm, tally) in arms.iter().zip(&measured.tallies).skip(1) {
        for statistic in Statistic::USUAL {
            let compared = measure::comparison::compare(&measured.tallies[0], tally, statistic);
            comparisons
                .extend(compared.map(|c| assemble::comparison(&arms[0].name, &arm.name, &c)));
        }
    }
    comparisons
}

/// Says so when no call of any arm succeeded and at least one was made.
fn all_failed(command: &str, tallies: &[Tally]) -> Option<Failure> {
    let made: u64 = tallies.iter().map(|tally| tally.requests).sum();
    let ok: u64 = tallies.iter().map(|tally| tally.outcomes.ok).sum();
    if made == 0 || ok > 0 {
        return None;
    }
    let errors = tallies.iter().flat_map(|tally| &tally.errors);
    let error = errors
        .max_by_key(|(_, count)| **count)
        .map_or("no error was reported", |(text, _)| text);
    let failure =
        anyhow!("{error}").context(format!("{command}: every call failed ({made} of {made})"));
    Some(Failure::new(failure, hint_for(error)))
}

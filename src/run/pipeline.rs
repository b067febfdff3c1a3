//! From arms and a plan to what was measured of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::assemble;
use super::credibility;
use super::failure::Failure;
use super::first_call::{FirstCalls, Fresh, PROBES};
use super::first_finding;
use super::head::head;
use super::lab::{LabRequests, since};
use super::limits;
use super::session::Session;
use crate::client::{ArmFacts, SetupError};
use crate::document::{Comparison, Document, Finding, LabInfo, Measurement, Target};
use crate::measure::{self, Call, Measured, Pacing, Plan, Statistic, Tally};

/// An arm to be measured.
pub struct ArmCall {
    pub name: String,
    pub call: Arc<dyn Call>,
    pub facts: Arc<ArmFacts>,
    /// The same call, made each time by a client of its own.
    pub first: Fresh,
}

impl ArmCall {
    /// An arm of calls of one client, with others like it for its first calls. `make` makes a client that has fetched
    /// nothing and is connected to nothing.
    ///
    /// # Errors
    ///
    /// Those of `make`.
    pub async fn made<M, F, C>(name: impl Into<String>, make: M) -> Result<Self, SetupError>
    where
        M: Fn(Arc<ArmFacts>) -> F + Send + Sync + 'static,
        F: Future<Output = Result<C, SetupError>> + Send,
        C: Call + 'static,
    {
        let facts = Arc::<ArmFacts>::default();
        Ok(Self {
            name: name.into(),
            call: Arc::new(make(Arc::clone(&facts)).await?),
            facts,
            first: Fresh::made(make),
        })
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
    /// Makes the plan's first calls, which it returns, and then its warm-up calls.
    ///
    /// # Errors
    ///
    /// As for [`warm_up_after`](Self::warm_up_after).
    pub async fn warm_up(&self, arms: &[ArmCall], plan: &Plan) -> Result<FirstCalls, Failure> {
        let fresh: Vec<_> = arms.iter().map(|arm| (&*arm.name, &arm.first)).collect();
        let first = self.first_calls(&fresh, plan).await;
        self.warm_up_after(&first, arms, plan).await?;
        Ok(first)
    }

    /// Makes the plan's warm-up calls, if it has any. Fails early when the first calls of every arm all fail: what is
    /// left would only tell the same story more slowly, and load a target that is already in trouble.
    ///
    /// # Errors
    ///
    /// If every one of the first calls failed.
    pub async fn warm_up_after(
        &self,
        first: &FirstCalls,
        arms: &[ArmCall],
        plan: &Plan,
    ) -> Result<(), Failure> {
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
        let mut left = plan.warmup;
        let mut failure = all_failed(self.command, first.tallies());
        for _ in first.rounds()..PROBES {
            if failure.is_none() {
                break;
            }
            let probed = measure::load::warm_up(&calls, &probe, &self.stop).await;
            failure = all_failed(self.command, &probed.tallies);
            left = plan.warmup - 1;
        }
        if let Some(failure) = failure {
            return Err(failure);
        }
        let rest = Plan {
            warmup: left,
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
    pub(crate) fn measure(&self, plan: &Plan, first: FirstCalls) -> Run<'_> {
        Run {
            session: self,
            first,
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
    first: FirstCalls,
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
        let session = self.session;
        self.after.get_or_insert_with(|| session.lab_requests());
    }

    /// Nothing belongs to the run any more; its arms have their first calls.
    pub fn close(&mut self) {
        self.stop_counting();
        self.first.describe(&mut self.body.arms);
    }

    /// The document of all that was measured, with the command's own findings and those on first calls before those
    /// on the measurement itself.
    pub(crate) fn document(mut self, findings: impl IntoIterator<Item = Finding>) -> Document {
        self.close();
        let (session, mut body) = (self.session, self.body);
        let first = first_finding::findings(&body.arms);
        let own = limits::finding().into_iter().chain(findings);
        body.findings.splice(..0, own.chain(first));
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
fn all_failed<'a>(command: &str, tallies: impl IntoIterator<Item = &'a Tally>) -> Option<Failure> {
    let tallies: Vec<&Tally> = tallies.into_iter().collect();
    let made: u64 = tallies.iter().map(|tally| tally.requests).sum();
    let ok: u64 = tallies.iter().map(|tally| tally.outcomes.ok).sum();
    if made == 0 || ok > 0 {
        return None;
    }
    let errors = tallies.iter().flat_map(|tally| &tally.errors);
    let error = errors
        .max_by_key(|(_, count)| **count)
        .map_or("no error was reported", |(text, _)| text);
    let what_failed = format!("{command}: every call failed ({made} of {made})");
    let failure = Failure::of_calls(error, what_failed);
    Some(if limits::met_own_limit() {
        Failure {
            hint: Some(limits::HINT.to_owned()),
            ..failure
        }
    } else {
        failure
    })
}

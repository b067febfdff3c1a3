//! What every measuring command does around its measurement: start the lab or find the target, warm up,
//! measure until done or interrupted, and put the document together.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::anyhow;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Report;
use super::credibility;
use super::failure::{Failure, hint_for};
use super::lab::{load_scenario, start_lab};
use super::load;
use super::options::{OutputOptions, TargetOptions};
use super::steps::Steps;
use super::target::setup_options;
use crate::client::{ArmFacts, Setup};
use crate::clock;
use crate::credentials::Source;
use crate::lab::{Lab, Options as LabOptions, Scenario};
use crate::measure::{self, Call, Measured, Monitor, Pacing, Plan, Statistic, Stop, Tally};
use crate::report::document::{
    Arm, Comparison, Document, Environment, Finding, LabInfo, Load, RequestCount, SCHEMA, Tool,
};
use crate::report::{self, Progress, assemble};

/// Calls per arm that may fail before a run is given up: one could be bad luck.
const PROBES: u32 = 3;

/// An arm to be measured.
pub struct ArmCall {
    pub name: String,
    pub call: Arc<dyn Call>,
    pub facts: Arc<ArmFacts>,
}

/// Requests that reached the lab, by operation.
pub type LabRequests = BTreeMap<String, RequestCount>;

/// The part of a document that a command makes.
pub struct Results {
    pub load: Load,
    pub complete: bool,
    pub lab_requests: LabRequests,
    pub arms: Vec<Arm>,
    pub comparisons: Vec<Comparison>,
    pub findings: Vec<Finding>,
}

/// One run of a measuring command.
pub struct Session {
    pub setup: Arc<Setup>,
    pub stop: Stop,
    command: &'static str,
    lab: Option<(Lab, LabInfo)>,
    quiet: bool,
    verbose: bool,
    started: Instant,
    started_at: SystemTime,
}

impl Session {
    /// Starts the lab if asked to, and reads the configuration.
    pub async fn begin(
        command: &'static str,
        target: &TargetOptions,
        output: &OutputOptions,
        source: Source,
    ) -> Result<Self, Failure> {
        let scenario = target.lab.as_deref().map(load_scenario).transpose()?;
        Self::begin_in(scenario, command, target, output, source).await
    }

    /// The same with a scenario that the command has had a hand in.
    pub async fn begin_in(
        scenario: Option<Scenario>,
        command: &'static str,
        target: &TargetOptions,
        output: &OutputOptions,
        source: Source,
    ) -> Result<Self, Failure> {
        if let Some(path) = &output.output {
            require_writable(path)?;
        }
        let lab = match scenario {
            Some(scenario) => Some(start_lab(scenario, LabOptions::default()).await?),
            None => None,
        };
        let setup = Setup::load(setup_options(
            target,
            source,
            lab.as_ref().map(|(lab, _)| lab),
        ))
        .await?;
        let stop = Stop::default();
        stop_on_signal(stop.clone());
        let session = Self {
            setup: Arc::new(setup),
            stop,
            command,
            lab,
            quiet: output.quiet,
            verbose: output.verbose,
            started: clock::now(),
            started_at: clock::wall(),
        };
        session.describe();
        Ok(session)
    }

    /// The lab that is measured, if one is.
    pub fn lab(&self) -> Option<&Lab> {
        self.lab.as_ref().map(|(lab, _)| lab)
    }

    /// Something worth knowing while the command runs; on stderr.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            report::note(text);
        }
    }

    /// Makes the plan's warm-up calls. Fails early when the first calls of every arm all fail: what is
    /// left would only tell the same story more slowly, and load a target that is already in trouble.
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
        let mut failed = None;
        for _ in 0..PROBES {
            let probed = measure::load::warm_up(&calls, &probe, &self.stop).await;
            failed = all_failed(self.command, &probed.tallies);
            if failed.is_none() {
                break;
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
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

    /// Warms up, measures the arms interleaved, and compares the first with each other one. `findings` are
    /// the command's own; those on the measurement itself are added.
    pub async fn interleaved(
        self,
        arms: &[ArmCall],
        plan: &Plan,
        findings: impl FnOnce(&Self, &[Arm], &[Comparison]) -> Vec<Finding>,
    ) -> Result<Report, Failure> {
        self.warm_up(arms, plan).await?;
        let none = |_: &mut [Arm]| ();
        Ok(self.warm(arms, plan, none, findings).await)
    }

    /// The same without the warm-up. `complete` adds to the arms what only the command knows.
    pub async fn warm(
        self,
        arms: &[ArmCall],
        plan: &Plan,
        complete: impl FnOnce(&mut [Arm]),
        findings: impl FnOnce(&Self, &[Arm], &[Comparison]) -> Vec<Finding>,
    ) -> Report {
        let before = self.lab_requests();
        let label = arms
            .iter()
            .map(|arm| arm.name.as_str())
            .collect::<Vec<_>>()
            .join(" / ");
        let measured = self.watched(&calls(arms), plan, &label).await;
        let lab_requests = since(&before, self.lab_requests());
        let load = load::stated(plan, Some(&measured));
        let mut documented: Vec<Arm> = arms
            .iter()
            .zip(&measured.tallies)
            .map(|(arm, tally)| assemble::arm(&arm.name, tally, &arm.facts))
            .collect();
        complete(&mut documented);
        let comparisons = comparisons(arms, &measured, plan.seed);
        let mut findings = findings(&self, &documented, &comparisons);
        findings.extend(credibility::findings(arms, &measured, &load));
        Report::Measured(Box::new(self.document(Results {
            load,
            complete: measured.complete,
            lab_requests,
            arms: documented,
            comparisons,
            findings,
        })))
    }

    /// Waits, unless interrupted.
    pub async fn pause(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => (),
            () = self.stop.stopped() => (),
        }
    }

    /// Measures, with progress on stderr.
    pub async fn watched(&self, calls: &[Arc<dyn Call>], plan: &Plan, label: &str) -> Measured {
        if self.verbose {
            report::note(&format!("measuring {label}"));
        }
        let progress = Progress::new(!self.quiet && std::io::stderr().is_terminal());
        let monitor = Arc::new(Monitor::default());
        let total = plan.requests.map(|n| n * calls.len() as u64);
        let start = clock::now();
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let run = measure::load::measure(calls, plan, &self.stop, &monitor);
        let mut run = std::pin::pin!(run);
        let measured = loop {
            tokio::select! {
                measured = &mut run => break measured,
                _ = ticks.tick() => progress.update(monitor.done(), total, clock::since(start), label),
            }
        };
        progress.finish();
        measured
    }

    /// Progress on stderr towards `total` calls, for commands that make them elsewhere.
    pub fn progress(&self, total: u64, label: &str) -> Steps {
        if self.verbose {
            report::note(&format!("measuring {label}"));
        }
        let progress = Progress::new(!self.quiet && std::io::stderr().is_terminal());
        Steps::new(progress, label, total)
    }

    /// What the lab has counted so far; nothing without a lab.
    pub fn lab_requests(&self) -> LabRequests {
        self.lab
            .as_ref()
            .map(|(lab, _)| super::lab::requests(lab))
            .unwrap_or_default()
    }

    /// The document of this run.
    pub fn document(self, results: Results) -> Document {
        let Results {
            load,
            complete,
            lab_requests,
            arms,
            comparisons,
            findings,
        } = results;
        Document {
            schema: SCHEMA.to_owned(),
            tool: tool(),
            command: self.command.to_owned(),
            arguments: std::env::args().skip(1).collect(),
            started_at: rfc3339(self.started_at),
            elapsed_s: clock::since(self.started).as_secs_f64(),
            complete,
            target: if self.lab.is_some() {
                "lab"
            } else {
                "endpoint"
            }
            .to_owned(),
            environment: self.environment(),
            lab: self.lab.map(|(_, info)| LabInfo {
                requests: lab_requests,
                ..info
            }),
            load,
            arms,
            comparisons,
            findings,
            checks: Vec::new(),
            compared: None,
            knee: None,
        }
    }

    fn environment(&self) -> Environment {
        let sdk = [
            ("aws-sdk-sts", aws_sdk_sts::meta::PKG_VERSION),
            ("aws-sdk-s3", aws_sdk_s3::meta::PKG_VERSION),
            (
                "aws-sdk-servicediscovery",
                aws_sdk_servicediscovery::meta::PKG_VERSION,
            ),
        ];
        Environment {
            os: std::env::consts::OS.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            region: Some(self.setup.region().to_owned()),
            source: self.setup.source().name().to_owned(),
            sdk: sdk
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
            cpu: None,
        }
    }

    fn describe(&self) {
        if !self.verbose {
            return;
        }
        if let Some((lab, info)) = &self.lab {
            report::note(&format!(
                "lab `{}` on {}, metadata on {}",
                info.scenario,
                lab.address(),
                lab.imds_address()
            ));
        }
        report::note(&format!(
            "Region {}, credentials from {}",
            self.setup.region(),
            self.setup.source().name()
        ));
        for service in ["STS", "S3", "SERVICEDISCOVERY"] {
            if let Some(url) = self.setup.endpoint_override(service) {
                report::note(&format!("{service} is configured to be at {url}"));
            }
        }
    }
}

/// The arms' names, in order.
pub fn names(arms: &[ArmCall]) -> Vec<String> {
    arms.iter().map(|arm| arm.name.clone()).collect()
}

/// The arms' calls, in order.
pub fn calls(arms: &[ArmCall]) -> Vec<Arc<dyn Call>> {
    arms.iter().map(|arm| Arc::clone(&arm.call)).collect()
}

/// Finds out before measuring whether the results can be written.
pub fn require_writable(path: &Path) -> Result<(), Failure> {
    report::check_writable(path).map_err(|error| {
        let error =
            anyhow::Error::new(error).context(format!("cannot write to {}", path.display()));
        Failure::new(
            error,
            "name a file in a folder that exists and that you may write to",
        )
    })
}

/// The first arm against each other one, at the median, the 90th and the 99th percentile.
pub fn comparisons(arms: &[ArmCall], measured: &Measured, seed: u64) -> Vec<Comparison> {
    let mut comparisons = Vec::new();
    for (arm, tally) in arms.iter().zip(&measured.tallies).skip(1) {
        for statistic in Statistic::USUAL {
            let compared =
                measure::comparison::compare(&measured.tallies[0], tally, statistic, seed);
            comparisons
                .extend(compared.map(|c| assemble::comparison(&arms[0].name, &arm.name, &c)));
        }
    }
    comparisons
}

/// Says so when no call of any arm succeeded and at least one was made.
pub fn all_failed(command: &str, tallies: &[Tally]) -> Option<Failure> {
    let made: u64 = tallies.iter().map(|tally| tally.requests).sum();
    let ok: u64 = tallies
        .iter()
        .map(|tally| tally.count(measure::Outcome::Ok))
        .sum();
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

/// The name and version that documents carry.
pub fn tool() -> Tool {
    Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// RFC 3339, UTC, to the second.
pub fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time)
        .replace_nanosecond(0)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

/// What was counted after `before`.
pub fn since(before: &LabRequests, mut now: LabRequests) -> LabRequests {
    for (operation, count) in &mut now {
        if let Some(before) = before.get(operation) {
            count.count -= before.count;
            count.ok -= before.ok;
            count.throttled -= before.throttled;
            count.failed -= before.failed;
        }
    }
    now.retain(|_, count| count.count > 0);
    now
}

pub fn stop_on_signal(stop: Stop) {
    // From here on, not from when the task first runs.
    let interrupted = super::lab::interrupted();
    tokio::spawn(async move {
        interrupted.await;
        stop.stop();
    });
}

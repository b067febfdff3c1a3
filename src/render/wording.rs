//! Sentences about a run.

use std::fmt::Write;

use super::blocks::{Statement, Tone};
use crate::document::{
    Arm, Finding, Head, Measurement, Outcomes, Severity, SourceRequests, Target, shell, word,
};
use crate::figures;

/// A kind of failure, and how many calls ended in it.
type Failure = (&'static str, fn(&Outcomes) -> u64);

pub(super) const FAILURES: [Failure; 6] = [
    ("throttled", |outcomes| outcomes.throttled),
    ("denied", |outcomes| outcomes.denied),
    ("timeout", |outcomes| outcomes.timeout),
    ("connect", |outcomes| outcomes.connect),
    ("reset", |outcomes| outcomes.reset),
    ("other", |outcomes| outcomes.other),
];

/// Who was measured, how, and with what.
pub(super) fn facts(head: &Head, document: &Measurement) -> Vec<(&'static str, String)> {
    // What follows the runs that were compared is about the new one.
    let compared = document.compared.iter();
    let runs = compared.flat_map(|c| [("base", &c.base), ("new", &c.new)]);
    let runs = runs.map(|(name, run)| {
        let arguments = shell::line(&run.arguments);
        let text = format!("{}: {arguments}, started {}", run.file, run.started_at);
        (name, text)
    });
    let about = document.lab.as_ref().and_then(|lab| lab.about.clone());
    runs.chain([("target", target(head, document))])
        .chain(about.map(|about| ("", about)))
        .chain([
            ("client", client(document)),
            ("load", load(head, document)),
            ("run", run(head, document)),
        ])
        .collect()
}

fn client(document: &Measurement) -> String {
    let environment = &document.environment;
    let cpus = figures::counted(environment.cpus as u64, "CPU");
    let machine = format!("{} with {cpus}", environment.os);
    if let Some(cpu) = &environment.cpu {
        let model = cpu.model.as_deref().unwrap_or("of unknown model");
        return format!("{machine}, {model} ({})", cpu.features.join(" "));
    }
    let source = &environment.source;
    match &environment.region {
        Some(region) => format!("Region {region}, credentials from {source}, {machine}"),
        None => format!("no Region, credentials from {source}, {machine}"),
    }
}

fn target(head: &Head, document: &Measurement) -> String {
    match &document.lab {
        Some(lab) => format!(
            "the embedded lab, scenario {}, seed {}",
            lab.scenario, lab.seed
        ),
        None if head.target == Some(Target::Cpu) => {
            "this CPU alone; nothing was sent anywhere".to_owned()
        }
        None => "what the AWS configuration names".to_owned(),
    }
}

fn load(head: &Head, document: &Measurement) -> String {
    let load = &document.load;
    let mut parts = Vec::new();
    if let Some(requests) = load.requests {
        parts.push(format!("{} per arm", figures::counted(requests, "call")));
    } else if let Some(duration_s) = load.duration_s {
        let whom = match head.target {
            Some(Target::Cpu) => "for all arms",
            _ => "per arm",
        };
        parts.push(format!("{} {whom}", figures::seconds(duration_s)));
    }
    if load.warmup > 0 {
        parts.push(format!("{} to warm up", figures::count(load.warmup)));
    }
    // Where the arms differ by their workers, their own table tells.
    if document.arms.iter().all(|arm| arm.concurrency.is_none()) {
        parts.push(figures::counted(load.concurrency as u64, "worker"));
    }
    parts.push(match load.rate_per_s {
        Some(rate) => format!("{} loop at {}", word(load.mode), figures::rate(rate)),
        None => format!("{} loop", word(load.mode)),
    });
    parts.join(", ")
}

fn run(head: &Head, document: &Measurement) -> String {
    let state = if document.complete {
        "complete"
    } else {
        "INTERRUPTED"
    };
    let sdk = document.environment.sdk.iter();
    let sdk = sdk.map(|(name, version)| format!(", {name} {version}"));
    format!(
        "{state} after {}, started {}, {} {}{}",
        figures::seconds(head.elapsed_s.unwrap_or_default()),
        head.started_at.as_deref().unwrap_or_default(),
        head.tool.name,
        head.tool.version,
        sdk.collect::<String>(),
    )
}

/// What went wrong with the run as a whole, before any figure is believed.
pub(super) fn caveats(document: &Measurement) -> Vec<Statement> {
    let arms = &document.arms;
    let mut caveats = Vec::new();
    if !document.complete {
        let made = figures::counted(arms.iter().map(|arm| arm.requests).sum(), "call");
        let text =
            format!("what follows rests on the {made} made until then, fewer than asked for");
        caveats.push(Statement::new("INTERRUPTED", Tone::Caution, text));
    }
    if arms.iter().all(|arm| arm.outcomes.ok == 0) {
        let text = "no call succeeded: there are no latencies and no shares to show";
        caveats.push(Statement::new("FAILED", Tone::Bad, text));
    }
    if is_ladder(document) {
        caveats.extend(ladder(arms));
    } else {
        let failed = arms.iter().filter(|arm| arm.outcomes.failed() > 0);
        caveats.extend(failed.map(|arm| {
            let text = format!("{}: {}", arm.name, failures(arm));
            Statement::new("failures", Tone::Bad, text)
        }));
    }
    caveats
}

/// `12 of 200 calls failed (10 timeout, 2 throttled)`.
pub(super) fn failures(arm: &Arm) -> String {
    let failed = figures::count(arm.outcomes.failed());
    let calls = figures::counted(arm.requests, "call");
    let kinds = kinds(&FAILURES.map(|(kind, count)| (kind, count(&arm.outcomes))));
    format!("{failed} of {calls} failed ({kinds})")
}

/// `2 throttled, 10 timeout`; empty where none failed.
pub(super) fn failed_source_requests(requests: &SourceRequests) -> String {
    let known = requests.ok + requests.throttled + requests.timeout;
    let other = requests.count.saturating_sub(known);
    kinds(&[
        ("throttled", requests.throttled),
        ("timeout", requests.timeout),
        ("other", other),
    ])
}

fn kinds(counts: &[(&str, u64)]) -> String {
    let some = counts.iter().filter(|(_, n)| *n > 0);
    let some = some.map(|(kind, n)| format!("{} {kind}", figures::count(*n)));
    some.collect::<Vec<_>>().join(", ")
}

/// Whether the arms are steps of rising concurrency.
pub(super) fn is_ladder(document: &Measurement) -> bool {
    !document.arms.is_empty() && document.arms.iter().all(|arm| arm.concurrency.is_some())
}

/// The step that got most done, and the first one that failed.
fn ladder(arms: &[Arm]) -> Vec<Statement> {
    let mut statements = Vec::new();
    if let Some((arm, rate)) = best_step(arms) {
        let mut text = format!("{} succeeded with {}", figures::rate(rate), workers(arm));
        if let Some(p99) = arm.phases.total.p99_us {
            let _ = write!(text, ", p99 {}", figures::time(p99));
        }
        statements.push(Statement::new("peak", Tone::Plain, text));
    }
    let (tone, text) = match arms.iter().find(|arm| arm.outcomes.failed() > 0) {
        Some(arm) => (
            Tone::Bad,
            format!("begin with {}: {}", workers(arm), failures(arm)),
        ),
        None => match refused(arms) {
            0 => (Tone::Good, "none at any step".to_owned()),
            refused => {
                let text = format!(
                    "of fetches none, but {} of their requests were refused",
                    figures::count(refused)
                );
                (Tone::Bad, text)
            }
        },
    };
    statements.push(Statement::new("failures", tone, text));
    statements
}

/// The step that got most done, and how much a second.
pub(super) fn best_step(arms: &[Arm]) -> Option<(&Arm, f64)> {
    let steps = arms.iter().filter_map(|arm| {
        let made = arm.rate_per_s? / arm.requests.max(1) as f64;
        Some((arm, made * arm.outcomes.ok as f64))
    });
    let best = steps.max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, rate)| *rate > 0.0)
}

/// Requests to the source that were answered with 429 or 503.
pub(super) fn refused(arms: &[Arm]) -> u64 {
    let requests = arms.iter().flat_map(|arm| arm.source_requests.values());
    requests.map(|requests| requests.throttled).sum()
}

fn workers(arm: &Arm) -> String {
    figures::counted(arm.concurrency.unwrap_or(1) as u64, "worker")
}

/// A finding and what to do about it: enough for those who trust it.
pub(super) fn finding_in_short(finding: &Finding) -> Statement {
    stated(finding, &finding.summary, &[("do", Some(&finding.remedy))])
}

/// A finding with what it rests on.
pub(super) fn finding(finding: &Finding) -> Statement {
    let text = format!("{} [{}]", finding.summary, finding.id);
    let details = [
        ("because", Some(&finding.evidence)),
        ("so", finding.consequence.as_ref()),
        ("do", Some(&finding.remedy)),
        ("see", finding.reference.as_ref()),
    ];
    stated(finding, text, &details)
}

fn stated(
    finding: &Finding,
    text: impl Into<String>,
    details: &[(&'static str, Option<&String>)],
) -> Statement {
    let tone = match finding.severity {
        Severity::Info => Tone::Plain,
        Severity::Warning => Tone::Caution,
        Severity::Error => Tone::Bad,
    };
    let known = details
        .iter()
        .filter_map(|(name, text)| Some((*name, (*text)?.clone())));
    Statement {
        details: known.collect(),
        ..Statement::new(word(finding.severity), tone, text)
    }
}

//! Sentences about a run.

use super::blocks::{Statement, Tone};
use crate::document::{
    Arm, Finding, Head, Measurement, Outcomes, Severity, SourceRequests, Target, word,
};
use crate::figures;

/// Who was measured, how, and with what.
pub(super) fn facts(head: &Head, document: &Measurement) -> Vec<(&'static str, String)> {
    let mut facts = stored_runs(document);
    facts.push(("target", target(head, document)));
    if let Some(about) = document.lab.as_ref().and_then(|lab| lab.about.as_ref()) {
        facts.push(("", about.clone()));
    }
    facts.push(("client", client(document)));
    facts.push(("load", load(head, document)));
    facts.push(("run", run(head, document)));
    facts
}

fn client(document: &Measurement) -> String {
    let environment = &document.environment;
    let machine = format!(
        "{} with {}",
        environment.os,
        figures::counted(environment.cpus as u64, "CPU"),
    );
    if let Some(cpu) = &environment.cpu {
        let model = cpu.model.as_deref().unwrap_or("of unknown model");
        return format!("{machine}, {model} ({})", cpu.features.join(" "));
    }
    let region = environment.region.as_ref().map_or_else(
        || "no Region".to_owned(),
        |region| format!("Region {region}"),
    );
    format!(
        "{region}, credentials from {}, {machine}",
        environment.source
    )
}

/// The runs that were compared; what follows is about the new one.
fn stored_runs(document: &Measurement) -> Vec<(&'static str, String)> {
    let Some(compared) = &document.compared else {
        return Vec::new();
    };
    let runs = [("base", &compared.base), ("new", &compared.new)];
    let told = runs.map(|(name, run)| {
        let arguments = run.arguments.join(" ");
        let text = format!("{}: {arguments}, started {}", run.file, run.started_at);
        (name, text)
    });
    told.into()
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
    match (load.requests, load.duration_s) {
        (Some(requests), _) => {
            parts.push(format!("{} per arm", figures::counted(requests, "call")));
        }
        (None, Some(duration_s)) if head.target == Some(Target::Cpu) => {
            parts.push(format!("{} for all arms", figures::time(duration_s * 1e6)));
        }
        (None, Some(duration_s)) => {
            parts.push(format!("{} per arm", figures::time(duration_s * 1e6)));
        }
        (None, None) => {}
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
    let sdk: Vec<_> = document
        .environment
        .sdk
        .iter()
        .map(|(name, version)| format!(", {name} {version}"))
        .collect();
    format!(
        "{state} after {}, started {}, {} {}{}",
        figures::time(head.elapsed_s.unwrap_or_default() * 1e6),
        head.started_at.as_deref().unwrap_or_default(),
        head.tool.name,
        head.tool.version,
        sdk.concat(),
    )
}

/// What went wrong with the run as a whole, before any figure is believed.
pub(super) fn caveats(document: &Measurement) -> Vec<Statement> {
    let mut caveats = Vec::new();
    if !document.complete {
        let made: u64 = document.arms.iter().map(|arm| arm.requests).sum();
        let made = figures::counted(made, "call");
        caveats.push(Statement::new(
            "INTERRUPTED",
            Tone::Caution,
            format!("what follows rests on the {made} made until then, fewer than asked for"),
        ));
    }
    if document.arms.iter().all(|arm| arm.outcomes.ok == 0) {
        caveats.push(Statement::new(
            "FAILED",
            Tone::Bad,
            "no call succeeded: there are no latencies and no shares to show",
        ));
    }
    let failed = document.arms.iter().filter(|arm| arm.outcomes.failed() > 0);
    if is_ladder(document) {
        caveats.extend(ladder(document));
    } else {
        caveats.extend(failed.map(|arm| {
            Statement::new(
                "failures",
                Tone::Bad,
                format!("{}: {}", arm.name, failures(arm)),
            )
        }));
    }
    caveats
}

/// `12 of 200 calls failed (10 timeout, 2 throttled)`.
pub(super) fn failures(arm: &Arm) -> String {
    let kinds = kinds(&failure_kinds(&arm.outcomes));
    format!(
        "{} of {} failed ({})",
        figures::count(arm.outcomes.failed()),
        figures::counted(arm.requests, "call"),
        kinds
    )
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
    some.map(|(kind, n)| format!("{} {kind}", figures::count(*n)))
        .collect::<Vec<_>>()
        .join(", ")
}

fn failure_kinds(outcomes: &Outcomes) -> [(&'static str, u64); 5] {
    [
        ("throttled", outcomes.throttled),
        ("denied", outcomes.denied),
        ("timeout", outcomes.timeout),
        ("connect", outcomes.connect),
        ("other", outcomes.other),
    ]
}

/// Whether the arms are steps of rising concurrency.
pub(super) fn is_ladder(document: &Measurement) -> bool {
    !document.arms.is_empty() && document.arms.iter().all(|arm| arm.concurrency.is_some())
}

/// The step that got most done, and the first one that failed.
fn ladder(document: &Measurement) -> Vec<Statement> {
    let mut statements = Vec::new();
    let best = document
        .arms
        .iter()
        .max_by(|a, b| useful_rate(a).total_cmp(&useful_rate(b)));
    if let Some(arm) = best.filter(|arm| useful_rate(arm) > 0.0) {
        let p99 = arm
            .phases
            .total
            .p99_us
            .map_or_else(String::new, |p99| format!(", p99 {}", figures::time(p99)));
        let rate = figures::rate(useful_rate(arm));
        statements.push(Statement::new(
            "peak",
            Tone::Plain,
            format!("{rate} succeeded with {}{p99}", workers(arm)),
        ));
    }
    match document.arms.iter().find(|arm| arm.outcomes.failed() > 0) {
        Some(arm) => statements.push(Statement::new(
            "failures",
            Tone::Bad,
            format!("begin with {}: {}", workers(arm), failures(arm)),
        )),
        None => statements.push(Statement::new("failures", Tone::Good, "none at any step")),
    }
    statements
}

fn workers(arm: &Arm) -> String {
    figures::counted(arm.concurrency.unwrap_or(1) as u64, "worker")
}

/// Successful calls per second; 0 where no rate was measured.
fn useful_rate(arm: &Arm) -> f64 {
    arm.rate_per_s.unwrap_or(0.0) * arm.outcomes.ok as f64 / arm.requests.max(1) as f64
}

/// A finding and what to do about it: enough for those who trust it.
pub(super) fn finding_in_short(finding: &Finding) -> Statement {
    let (tag, tone) = severity(finding.severity);
    Statement::new(tag, tone, &finding.summary).detail("do", &finding.remedy)
}

/// A finding with what it rests on.
pub(super) fn finding(finding: &Finding) -> Statement {
    let (tag, tone) = severity(finding.severity);
    let mut statement = Statement::new(tag, tone, format!("{} [{}]", finding.summary, finding.id))
        .detail("because", &finding.evidence);
    if let Some(consequence) = &finding.consequence {
        statement = statement.detail("so", consequence);
    }
    statement = statement.detail("do", &finding.remedy);
    match &finding.reference {
        Some(reference) => statement.detail("see", reference),
        None => statement,
    }
}

fn severity(severity: Severity) -> (String, Tone) {
    let tone = match severity {
        Severity::Info => Tone::Plain,
        Severity::Warning => Tone::Caution,
        Severity::Error => Tone::Bad,
    };
    (word(severity), tone)
}

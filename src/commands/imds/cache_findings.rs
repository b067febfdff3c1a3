//! What a run of `imds --compare-cache` says by itself.

use crate::document::{Arm, Finding, Severity, Stampede};

const REMEDY: &str = "let the processes of a node share their credentials: `credential_process = awscreds-bench \
    credential-process` in a profile works with every SDK and the AWS CLI, `FileCache` in Rust programs \
    (docs/file-cache.md)";

/// From all three arms, in the order of the run: the baseline first, the file cache last.
pub(super) fn of(arms: &[Arm]) -> Vec<Finding> {
    let [baseline, _, file] = arms else {
        return vec![];
    };
    let mut findings = Vec::new();
    findings.extend(failing(arms, baseline, file));
    findings.extend(stampeding(arms, file));
    if findings.is_empty() {
        findings.extend(asking(arms, baseline, file));
    }
    findings
}

/// Fetches fail without a shared cache.
fn failing(arms: &[Arm], baseline: &Arm, file: &Arm) -> Option<Finding> {
    let failed = baseline.outcomes.failed();
    if failed <= file.outcomes.failed() {
        return None;
    }
    let each = arms.iter().map(|arm| {
        format!(
            "{}: {} of {} requests failed, {} of them timed out",
            arm.name,
            arm.outcomes.failed(),
            arm.requests,
            arm.outcomes.timeout
        )
    });
    Some(Finding::new(
        Severity::Warning,
        "cache-prevents-failures",
        format!(
            "without a cache {failed} of {} requests got no credentials; with the file cache {}",
            baseline.requests,
            number(file.outcomes.failed())
        ),
        each.collect::<Vec<_>>().join("; "),
        REMEDY,
    ))
}

/// Processes fetch at once when credentials expire.
fn stampeding(arms: &[Arm], file: &Arm) -> Option<Finding> {
    let sizes = arms.iter().filter_map(|arm| Some((arm, at_expiry(arm)?)));
    let (worst, most) = sizes.max_by_key(|(_, size)| *size)?;
    let least = at_expiry(file)?;
    if most <= least.max(1) {
        return None;
    }
    let each = arms.iter().filter_map(|arm| {
        let seen = arm.stampede?;
        let size = seen.at_expiry?;
        Some(format!(
            "{}: {size} of {} processes fetched the credentials that replaced expired ones, {} at the start",
            arm.name, seen.processes, seen.at_start
        ))
    });
    Some(Finding::new(
        Severity::Warning,
        "expiry-stampede",
        format!(
            "when credentials expire, {most} processes fetch new ones ({}); with the file cache {least} does",
            worst.name
        ),
        each.collect::<Vec<_>>().join("; "),
        "share credentials through a file: one process renews them ahead of their expiry, and the others read \
            what it got; memory alone is renewed by every process for itself",
    ))
}

/// How much is asked of the source.
fn asking(arms: &[Arm], baseline: &Arm, file: &Arm) -> Option<Finding> {
    let (before, after) = (asked(baseline), asked(file));
    if before <= after {
        return None;
    }
    let each = arms.iter().map(|arm| {
        let requests = arm.requests;
        format!("{}: {} for {requests} requests", arm.name, asked(arm))
    });
    Some(Finding::new(
        Severity::Info,
        "cache-spares-source",
        format!(
            "without a cache the source was asked {before} times, with the file cache {}",
            number(after)
        ),
        format!(
            "requests to the source, {}",
            each.collect::<Vec<_>>().join("; ")
        ),
        REMEDY,
    ))
}

fn at_expiry(arm: &Arm) -> Option<u64> {
    arm.stampede
        .and_then(|Stampede { at_expiry, .. }| at_expiry)
}

/// Requests that arrived, by the lab's count where there is one.
fn asked(arm: &Arm) -> u64 {
    let arrived = arm.stampede.and_then(|seen| seen.arrived);
    arrived.unwrap_or_else(|| arm.source_requests.values().map(|n| n.count).sum())
}

fn number(n: u64) -> String {
    if n == 0 {
        "none".to_owned()
    } else {
        n.to_string()
    }
}

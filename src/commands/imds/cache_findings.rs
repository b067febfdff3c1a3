//! What a run of `imds --compare-cache` says by itself.

use crate::document::{Arm, Finding};

const REMEDY: &str = "let the processes of a node share their credentials: `credential_process = awscreds-bench \
    credential-process` in a profile works with every SDK and the AWS CLI, `FileCache` in Rust programs \
    (docs/file-cache.md)";

/// From all three arms, in the order of the run: the baseline first, the file cache last.
pub(super) fn of(arms: &[Arm]) -> Vec<Finding> {
    let [baseline, _, file] = arms else {
        return vec![];
    };
    let found = [failing(arms, baseline, file), stampeding(arms, file)];
    let mut findings: Vec<Finding> = found.into_iter().flatten().collect();
    if findings.is_empty() {
        findings.extend(asking(arms, baseline, file));
    }
    findings
}

/// Fetches fail without a shared cache.
fn failing(arms: &[Arm], baseline: &Arm, file: &Arm) -> Option<Finding> {
    let (failed, with_file) = (baseline.outcomes.failed(), file.outcomes.failed());
    if failed <= with_file {
        return None;
    }
    let (requests, with_file) = (baseline.requests, number(with_file));
    Some(Finding::warning(
        "cache-prevents-failures",
        format!(
            "without a cache {failed} of {requests} requests got no credentials; with the file cache {with_file}"
        ),
        each(arms, |arm| {
            let (failed, timeout) = (arm.outcomes.failed(), arm.outcomes.timeout);
            let requests = arm.requests;
            Some(format!(
                "{failed} of {requests} requests failed, {timeout} of them timed out"
            ))
        }),
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
    let worst = &worst.name;
    Some(Finding::warning(
        "expiry-stampede",
        format!(
            "when credentials expire, {most} processes fetch new ones ({worst}); with the file cache {least} does"
        ),
        each(arms, |arm| {
            let stampede = arm.stampede?;
            let (processes, at_start) = (stampede.processes, stampede.at_start);
            let size = at_expiry(arm)?;
            Some(format!(
                "{size} of {processes} processes fetched the credentials that replaced expired ones, {at_start} at the start"
            ))
        }),
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
    let after = number(after);
    let each = each(arms, |arm| {
        Some(format!("{} for {} requests", asked(arm), arm.requests))
    });
    Some(Finding::info(
        "cache-spares-source",
        format!("without a cache the source was asked {before} times, with the file cache {after}"),
        format!("requests to the source, {each}"),
        REMEDY,
    ))
}

/// What is said of every arm that there is something to say of.
fn each(arms: &[Arm], text: impl Fn(&Arm) -> Option<String>) -> String {
    let texts = arms
        .iter()
        .filter_map(|arm| Some(format!("{}: {}", arm.name, text(arm)?)));
    texts.collect::<Vec<_>>().join("; ")
}

fn at_expiry(arm: &Arm) -> Option<u64> {
    arm.stampede?.at_expiry
}

/// Requests that arrived, by the lab's count where there is one.
fn asked(arm: &Arm) -> u64 {
    let arrived = arm.stampede.and_then(|stampede| stampede.arrived);
    arrived.unwrap_or_else(|| arm.source_requests.values().map(|n| n.count).sum())
}

fn number(n: u64) -> String {
    match n {
        0 => "none".to_owned(),
        n => n.to_string(),
    }
}

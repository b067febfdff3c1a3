//! Findings on the measurement itself: what keeps its figures from meaning what they seem to.

use std::time::Duration;

use super::session::ArmCall;
use crate::measure::Measured;
use crate::measure::shape::{self, Drift, Modes};
use crate::report::document::{Finding, Load, Severity};

/// A generator that is later than this at p99 is part of what it measures.
const LATE_US: f64 = 2_000.0;

/// Kinds of calls that lie closer together than this differ by the processor's caches and its clock.
const NEGLIGIBLE: Duration = Duration::from_micros(10);

/// What a reader must know before believing the figures of a run.
pub fn findings(arms: &[ArmCall], measured: &Measured, load: &Load) -> Vec<Finding> {
    let mut findings: Vec<Finding> = overload(load).into_iter().chain(late(load)).collect();
    for (arm, tally) in arms.iter().zip(&measured.tallies) {
        findings.extend(
            shape::drift(&tally.series)
                .filter(|drift| drift.last.abs_diff(drift.first) > NEGLIGIBLE)
                .map(|drift| drifting(&arm.name, drift)),
        );
        findings.extend(
            shape::modes(&tally.succeeded.total)
                .filter(|modes| modes.slow.saturating_sub(modes.fast) > NEGLIGIBLE)
                .map(|modes| second_mode(&arm.name, modes)),
        );
    }
    findings
}

fn overload(load: &Load) -> Option<Finding> {
    let missed = load.missed.filter(|&missed| missed > 0)?;
    Some(Finding {
        id: "load-not-sustained".to_owned(),
        severity: Severity::Warning,
        summary: "the planned rate was not reached: the figures are those of an overloaded target"
            .to_owned(),
        evidence: format!(
            "{missed} planned calls were never made, because {} others were still under way",
            load.concurrency
        ),
        remedy: "lower --rate, or raise --concurrency if the target is meant to hold so many calls"
            .to_owned(),
    })
}

fn late(load: &Load) -> Option<Finding> {
    let lag = load.generator_lag.as_ref()?;
    let p99 = lag.p99_us.filter(|&p99| p99 > LATE_US)?;
    Some(Finding {
        id: "generator-late".to_owned(),
        severity: Severity::Warning,
        summary:
            "the load generator itself was late: do not blame the target for all of the latency"
                .to_owned(),
        evidence: format!(
            "calls began {:.1} ms after their planned start at p99 although a worker was free",
            p99 / 1e3
        ),
        remedy: "lower --rate, or run on a machine with idle CPUs".to_owned(),
    })
}

fn drifting(arm: &str, Drift { first, last }: Drift) -> Finding {
    Finding {
        id: "drift".to_owned(),
        severity: Severity::Info,
        summary: format!("the latency of {arm} {} during the run", if last > first { "rose" } else { "fell" }),
        evidence: format!(
            "median {} in the first quarter, {} in the last",
            millis(first),
            millis(last)
        ),
        remedy: "compare arms only within one run, where they share the drift; measure longer, or after more --warmup".to_owned(),
    }
}

fn second_mode(
    arm: &str,
    Modes {
        fast,
        slow,
        slow_share,
    }: Modes,
) -> Finding {
    Finding {
        id: "second-mode".to_owned(),
        severity: Severity::Info,
        summary: format!("the calls of {arm} are of two kinds: no single quantile describes them"),
        evidence: format!(
            "{:.0} % of them lie around {}, the others around {}",
            slow_share * 100.0,
            millis(slow),
            millis(fast)
        ),
        remedy: "see in the phases which one makes the slow kind: identity (cache misses), connect (fresh \
                 connections), backoff (retries) or transmit (the service)"
            .to_owned(),
    }
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

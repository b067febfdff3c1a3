//! Findings on the measurement itself: what keeps its figures from meaning what they seem to.

use std::time::Duration;

use crate::document::{Finding, Load};
use crate::measure::Tally;
use crate::measure::shape::{self, Drift, Modes};

/// A generator that is later than this at p99 is part of what it measures.
const LATE_US: f64 = 2_000.0;

/// Kinds of calls that lie closer together than this differ by the processor's caches and its clock.
const NEGLIGIBLE: Duration = Duration::from_micros(10);

/// What a reader must know before believing the figures of arms that were measured together.
pub(super) fn findings<'a>(
    arms: impl Iterator<Item = (&'a str, &'a Tally)>,
    load: &Load,
) -> Vec<Finding> {
    let mut findings: Vec<Finding> = overload(load).into_iter().chain(late(load)).collect();
    for (arm, tally) in arms {
        let drift = shape::drift(&tally.series)
            .filter(|drift| drift.last.abs_diff(drift.first) > NEGLIGIBLE);
        findings.extend(drift.map(|drift| drifting(arm, drift)));
        let modes = shape::modes(&tally.succeeded.total)
            .filter(|modes| modes.slow.saturating_sub(modes.fast) > NEGLIGIBLE);
        findings.extend(modes.map(|modes| second_mode(arm, modes)));
    }
    findings
}

fn overload(load: &Load) -> Option<Finding> {
    let missed = load.missed.filter(|&missed| missed > 0)?;
    Some(Finding::warning(
        "load-not-sustained",
        "the planned rate was not reached: the figures are those of an overloaded target",
        format!(
            "{missed} planned calls were never made, because {} others were still under way",
            load.concurrency
        ),
        "lower --rate, or raise --concurrency if the target is meant to hold so many calls",
    ))
}

fn late(load: &Load) -> Option<Finding> {
    let lag = load.generator_lag.as_ref()?;
    let p99 = lag.p99_us.filter(|&p99| p99 > LATE_US)?;
    Some(Finding::warning(
        "generator-late",
        "the load generator itself was late: do not blame the target for all of the latency",
        format!(
            "calls began {:.1} ms after their planned start at p99 although a worker was free",
            p99 / 1e3
        ),
        "lower --rate, or run on a machine with idle CPUs",
    ))
}

fn drifting(arm: &str, Drift { first, last }: Drift) -> Finding {
    let direction = if last > first { "rose" } else { "fell" };
    let [first, last] = [first, last].map(millis);
    Finding::info(
        "drift",
        format!("the latency of {arm} {direction} during the run"),
        format!("median {first} in the first quarter, {last} in the last"),
        "compare arms only within one run, where they share the drift; measure longer, or after more --warmup",
    )
}

fn second_mode(arm: &str, modes: Modes) -> Finding {
    let percent = modes.slow_share * 100.0;
    let [slow, fast] = [modes.slow, modes.fast].map(millis);
    Finding::info(
        "second-mode",
        format!("the calls of {arm} are of two kinds: no single quantile describes them"),
        format!("{percent:.0} % of them lie around {slow}, the others around {fast}"),
        "see in the phases which one makes the slow kind: identity (cache misses), connect (fresh connections), \
         backoff (retries) or transmit (the service)",
    )
}

fn millis(duration: Duration) -> String {
    format!("{:.2} ms", duration.as_secs_f64() * 1e3)
}

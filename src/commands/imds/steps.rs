//! What steps of more and more workers say: whether to go on, and what was found.

use crate::document::{Arm, Finding, Severity};

/// Share of failures from which a step counts as failing.
const FAILING: f64 = 0.05;

/// A step must complete this many times as many fetches per second as the best one before it, or its
/// failures are all that its workers added.
const GAIN: f64 = 1.1;

/// Whether the last step failed more often than its predecessors without completing more.
pub fn only_adds_failures(arms: &[Arm]) -> bool {
    let Some((last, earlier)) = arms.split_last() else {
        return false;
    };
    let best = earlier
        .iter()
        .filter_map(|arm| arm.rate_per_s)
        .fold(0.0, f64::max);
    failing(last)
        && (last.outcomes.ok == 0
            || (!earlier.is_empty() && last.rate_per_s.unwrap_or(0.0) < GAIN * best))
}

/// Whether fetches failed, or succeeded as late as TCP sends again what got lost.
pub fn strained(arm: &Arm) -> bool {
    let times = &arm.phases.total;
    let late = times.max_us.zip(times.min_us);
    arm.outcomes.failed() > 0 || late.is_some_and(|(max, min)| max > min + 150_000.0)
}

pub fn failing(arm: &Arm) -> bool {
    arm.outcomes.failed() as f64 > FAILING * arm.requests as f64
}

pub fn findings(arms: &[Arm], asked: &[usize]) -> Vec<Finding> {
    let Some(first) = arms.iter().find(|arm| failing(arm)) else {
        return vec![];
    };
    let outcomes = first.outcomes;
    let skipped = asked.len() - arms.len();
    let stopped = if skipped > 0 {
        format!("; {skipped} larger steps were left out")
    } else {
        String::new()
    };
    let evidence = format!(
        "with {}: {} of {} fetches ok, {} timed out, {} throttled, {} without a connection, {} other; best rate {:.0}/s{stopped}",
        first.name,
        outcomes.ok,
        first.requests,
        outcomes.timeout,
        outcomes.throttled,
        outcomes.connect,
        outcomes.denied + outcomes.other,
        arms.iter()
            .filter_map(|arm| arm.rate_per_s)
            .fold(0.0, f64::max),
    );
    let (id, summary) = if outcomes.timeout >= outcomes.throttled && outcomes.timeout > 0 {
        (
            "imds-dropping",
            format!(
                "requests are dropped, not refused, from {} on: throttling looks like timeouts",
                first.name
            ),
        )
    } else if outcomes.throttled > 0 {
        (
            "source-throttled",
            format!(
                "the source refuses requests for their rate from {} on",
                first.name
            ),
        )
    } else {
        (
            "source-failing",
            format!("fetches fail from {} on", first.name),
        )
    };
    vec![Finding::new(
        Severity::Warning,
        id,
        summary,
        evidence,
        "fetch less often: one client per process, a credential cache shared by the processes of a node, \
            and no new session per request",
    )]
}

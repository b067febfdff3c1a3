//! What steps of more and more workers say: whether to go on, and what was found.

use crate::document::{Arm, Finding};

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
    let best = best_rate(earlier);
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
    let outcomes = &first.outcomes;
    let (timeout, throttled) = (outcomes.timeout, outcomes.throttled);
    let (ok, connect, other) = (
        outcomes.ok,
        outcomes.connect,
        outcomes.denied + outcomes.other,
    );
    let (name, requests) = (&first.name, first.requests);
    let stopped = match asked.len() - arms.len() {
        0 => String::new(),
        skipped => format!("; {skipped} larger steps were left out"),
    };
    let best = best_rate(arms);
    let evidence = format!(
        "with {name}: {ok} of {requests} fetches ok, {timeout} timed out, {throttled} throttled, {connect} without a \
         connection, {other} other; best rate {best:.0}/s{stopped}"
    );
    let (id, summary) = if timeout >= throttled && timeout > 0 {
        let what = "requests are dropped, not refused, from";
        (
            "imds-dropping",
            format!("{what} {name} on: throttling looks like timeouts"),
        )
    } else if throttled > 0 {
        let what = "the source refuses requests for their rate from";
        ("source-throttled", format!("{what} {name} on"))
    } else {
        ("source-failing", format!("fetches fail from {name} on"))
    };
    vec![Finding::warning(
        id,
        summary,
        evidence,
        "fetch less often: one client per process, a credential cache shared by the processes of a node, \
            and no new session per request",
    )]
}

fn best_rate(arms: &[Arm]) -> f64 {
    let rates = arms.iter().filter_map(|arm| arm.rate_per_s);
    rates.fold(0.0, f64::max)
}

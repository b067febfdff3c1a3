//! What a knee means for those who share the node.

use crate::credentials::Source;
use crate::document::{Finding, Knee, KneeKind, KneeStep, Pressure, word};
use crate::figures;

/// What the knee means for those who share the node.
pub(super) fn finding(knee: &Knee, source: Source) -> Finding {
    let what = match source {
        Source::Container => "the container endpoint",
        _ => "instance metadata",
    };
    let tried = knee.steps.iter().map(|step| step.rate_per_s);
    let highest = tried.fold(0.0, f64::max);
    let rate = knee.rate_per_s.map(|rate| match knee.between_per_s {
        Some([low, high]) => format!("{rate:.0} (between {low:.0} and {high:.0})"),
        None => format!("{rate:.0}"),
    });
    let summary = match (knee.kind, rate) {
        (KneeKind::None, _) => {
            format!("{what} keeps up with {highest:.0} cold fetches/s, the most that was tried")
        }
        (KneeKind::Dropping, Some(rate)) => {
            format!("{what} begins to drop requests at about {rate} cold fetches/s")
        }
        (KneeKind::Refusing, Some(rate)) => {
            format!("{what} refuses what exceeds about {rate} cold fetches/s")
        }
        (KneeKind::Slow, Some(rate)) => format!(
            "{what} answers about {rate} cold fetches/s, and lets what exceeds them wait longer and longer"
        ),
        (kind, _) => {
            let failing = first_failing(&knee.steps).map_or(highest, |step| step.rate_per_s);
            format!(
                "{what} is {} at {failing:.0} cold fetches/s already",
                word(kind)
            )
        }
    };
    let (evidence, remedy) = (evidence(knee), remedy(knee, source));
    match knee.kind {
        KneeKind::None => Finding::info("imds-knee", summary, evidence, remedy),
        _ => Finding::warning("imds-knee", summary, evidence, remedy),
    }
}

fn first_failing(steps: &[KneeStep]) -> Option<&KneeStep> {
    steps.iter().find(|step| step.verdict != Pressure::Clean)
}

fn evidence(knee: &Knee) -> String {
    let mut parts = Vec::new();
    match first_failing(&knee.steps) {
        Some(step) => parts.extend(failing(step)),
        None => parts.extend(passing(knee)),
    }
    if let (Some(rate), Some(burst_s)) = (knee.rate_per_s, knee.burst_s) {
        let burst = (rate * burst_s).round();
        if burst > 0.0 {
            parts.push(format!(
                "about {burst:.0} fetches more passed before trouble began"
            ));
        }
    }
    if knee.between_per_s.is_some() {
        parts.push("the steps are too short or too few to be sure of the rate".to_owned());
    }
    match (knee.tcp_connected, knee.tcp_connect_us) {
        (Some(true), Some(us)) => {
            parts.push(format!("TCP still connected, in {}", figures::time(us)));
        }
        (Some(false), _) => parts.push("TCP did not connect either".to_owned()),
        _ => (),
    }
    parts.push(match knee.linklocal_allowance_exceeded {
        Some(rise) => format!("linklocal_allowance_exceeded rose by {rise}"),
        None => "linklocal_allowance_exceeded is not readable here".to_owned(),
    });
    let rate = |step: &KneeStep| format!("{:.0}", step.rate_per_s);
    let tried: Vec<String> = knee.steps.iter().map(rate).collect();
    parts.push(format!("rates tried: {} per second", tried.join(", ")));
    parts.join("; ")
}

/// What a step with trouble was like.
fn failing(step: &KneeStep) -> Vec<String> {
    let (fetches, refused) = (step.fetches, step.throttled);
    let (ok, late, timeout) = (step.ok, step.late, step.timeout);
    let (rate, connect, other) = (step.rate_per_s, step.connect, step.other);
    let mut parts = vec![format!(
        "at {rate:.0}/s: {ok} of {fetches} fetches ok, {late} of them as late as TCP repeats itself, {timeout} timed \
         out, {refused} refused, {connect} without a connection, {other} failed otherwise"
    )];
    if step.refused_requests > 0 {
        let refused = step.refused_requests;
        parts.push(format!("{refused} requests answered with 429 or 503"));
    }
    let again = step.retransmitted.filter(|&again| again > 0);
    parts.extend(again.map(|again| format!("{again} TCP segments sent again")));
    parts
}

/// What a search without trouble cannot rule out, and what it saw in passing.
fn passing(knee: &Knee) -> Vec<String> {
    let seen = |count: fn(&KneeStep) -> u64| knee.steps.iter().map(count).sum::<u64>();
    let fetches = seen(|step| step.fetches);
    let mut parts = vec![format!(
        "{} of {fetches} fetches ok, each rate for a second or two: a limit whose burst lasts for longer would not show",
        seen(|step| step.ok)
    )];
    let refused = seen(|step| step.refused_requests);
    if refused > 0 {
        parts.push(format!(
            "{refused} requests answered with 429 or 503 once, and none when the step was repeated"
        ));
    }
    parts
}

fn remedy(knee: &Knee, source: Source) -> String {
    let Some(rate) = knee.rate_per_s else {
        return "nothing needs to be done for its rate".to_owned();
    };
    let others = match source {
        Source::Imds => ", DNS and NTP of the node included",
        _ => "",
    };
    let workers = knee.workers.map_or(String::new(), |workers| {
        format!(", or {workers} that fetch back to back")
    });
    format!(
        "stay below it{others}: {rate:.0} processes like this one may start per second{workers}; \
         renewing once an hour and spread evenly, about {:.0} fit. One client per process and credentials shared by \
         the processes of a node make room",
        (rate * 3600.0 / 1000.0).floor() * 1000.0
    )
}

//! Whether two runs measured the same thing: a difference between them means little otherwise.

use std::iter;

use crate::document::{Arm, Document, Finding, Measurement, Severity, word};
use crate::figures;

type Run = Document<Measurement>;

/// Shares of failed calls that differ by less are left to the tables.
const FAILED_APART: f64 = 0.01;

/// What a reader must know before believing a comparison of `base` with `new`; `pairs` are their arms that
/// were compared.
pub(super) fn findings(base: &Run, new: &Run, pairs: &[(&Arm, &Arm)]) -> Vec<Finding> {
    let endpoints = pairs.iter().filter_map(|(was, is)| {
        let [before, now] = [was, is].map(|arm| arm.endpoint.as_deref().unwrap_or("unknown"));
        different(&format!("endpoint of {}", is.name), before, now)
    });
    let target = iter::zip(target(base), target(new));
    let target = target.filter_map(|((what, was), (_, is))| different(what, &was, &is));
    let client = iter::zip(client(base), client(new));
    let client = client.filter_map(|((what, was), (_, is))| different(what, &was, &is));
    let mut findings = Vec::new();
    findings.extend(listed(target.chain(endpoints)).map(|evidence| {
        Finding::warning(
            "not-the-same-thing",
            "not the same thing was measured in both runs",
            evidence,
            "read the differences as the effect of what was changed on purpose, or measure both with the same options",
        )
    }));
    findings.extend(listed(client).map(|evidence| {
        Finding::info(
            "not-the-same-client",
            "the runs were not made by the same client",
            evidence,
            "where that is not what is being compared, measure both with the same machine and versions",
        )
    }));
    findings.extend(interrupted(base, new));
    findings.extend(alone(base, new, pairs));
    findings.extend(pairs.iter().filter_map(|(was, is)| failures(was, is)));
    findings
}

/// What was measured, and how.
fn target(run: &Run) -> [(&'static str, String); 9] {
    let none = || "none".to_owned();
    let (load, environment) = (&run.body.load, &run.body.environment);
    let lab = run.body.lab.as_ref().map_or("no lab".to_owned(), |lab| {
        format!("lab `{}` with seed {}", lab.scenario, lab.seed)
    });
    let rate = load.rate_per_s.map_or("no rate".to_owned(), figures::rate);
    [
        ("command", run.head.command.clone()),
        ("target", lab),
        ("Region", environment.region.clone().unwrap_or_else(none)),
        ("source", environment.source.clone()),
        ("loop", word(load.mode)),
        ("workers", load.concurrency.to_string()),
        ("rate", rate),
        ("arrivals", load.arrivals.map_or_else(none, word)),
        ("warm-up", load.warmup.to_string()),
    ]
}

/// Who measured it.
fn client(run: &Run) -> [(&'static str, String); 4] {
    let environment = &run.body.environment;
    let sdk = environment.sdk.iter();
    let sdk: Vec<String> = sdk
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    [
        ("version", run.head.tool.version.clone()),
        ("operating system", environment.os.clone()),
        ("CPUs", environment.cpus.to_string()),
        ("SDK", sdk.join(", ")),
    ]
}

/// `source: imds in the base, static now`, where that is not the same.
fn different(what: &str, was: &str, is: &str) -> Option<String> {
    (was != is).then(|| format!("{what}: {was} in the base, {is} now"))
}

/// All of them on one line, if there are any.
fn listed(texts: impl Iterator<Item = String>) -> Option<String> {
    let texts: Vec<String> = texts.collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

fn interrupted(base: &Run, new: &Run) -> Option<Finding> {
    let which = match (base.body.complete, new.body.complete) {
        (true, true) => return None,
        (false, true) => "the base was",
        (true, false) => "the new run was",
        (false, false) => "both runs were",
    };
    Some(Finding::warning(
        "interrupted-run",
        format!("{which} interrupted"),
        "its document says `complete: false`",
        "measure again to the end, or give the shorter run less weight",
    ))
}

fn alone(base: &Run, new: &Run, pairs: &[(&Arm, &Arm)]) -> Option<Finding> {
    let left = |run: &str, arms: &[Arm], compared: &dyn Fn(&Arm) -> bool| {
        let left = arms.iter().filter(|arm| !compared(arm));
        let left: Vec<&str> = left.map(|arm| arm.name.as_str()).collect();
        (!left.is_empty()).then(|| format!("only {run} has {}", left.join(", ")))
    };
    let in_base = |arm: &Arm| pairs.iter().any(|(was, _)| was.name == arm.name);
    let in_new = |arm: &Arm| pairs.iter().any(|(_, is)| is.name == arm.name);
    let left = [
        left("the base", &base.body.arms, &in_base),
        left("the new run", &new.body.arms, &in_new),
    ];
    listed(left.into_iter().flatten()).map(|left| {
        Finding::info(
            "arms-on-one-side",
            "some arms are in one run only and were not compared",
            left,
            "measure the same arms in both runs",
        )
    })
}

/// Latencies are those of successful calls: where more calls fail, the rest may well be faster.
fn failures(was: &Arm, is: &Arm) -> Option<Finding> {
    let share = |arm: &Arm| arm.outcomes.failed() as f64 / arm.requests.max(1) as f64;
    if (share(was) - share(is)).abs() <= FAILED_APART {
        return None;
    }
    let of = |arm: &Arm| {
        let made = figures::counted(arm.requests, "call");
        format!("{} of {made}", figures::count(arm.outcomes.failed()))
    };
    let (name, was_failed, is_failed) = (&is.name, of(was), of(is));
    let (verb, severity) = if share(is) > share(was) {
        ("more", Severity::Warning)
    } else {
        ("fewer", Severity::Info)
    };
    Some(Finding::new(
        severity,
        "failures-differ",
        format!("{verb} calls of {name} failed than in the base"),
        format!(
            "{was_failed} failed in the base, {is_failed} now; latencies are those of successful calls"
        ),
        "look at the failures first",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::fixtures;

    fn found(base: &Run, new: &Run) -> Vec<(String, String)> {
        let pairs: Vec<_> = base.body.arms.iter().zip(&new.body.arms).collect();
        let findings = findings(base, new, &pairs).into_iter();
        findings
            .map(|finding| (finding.id, finding.evidence))
            .collect()
    }

    #[test]
    fn the_same_thing_measured_twice_needs_no_comment() {
        assert_eq!(found(&fixtures::sts(), &fixtures::sts()), []);
    }

    #[test]
    fn what_differs_is_named() {
        let (base, mut new) = (fixtures::sts(), fixtures::sts());
        new.body.environment.source = "imds".to_owned();
        new.body.load.concurrency = 8;
        new.body.lab = None;
        new.body.environment.cpus = 64;
        new.body.arms[1].endpoint = Some("https://elsewhere".to_owned());
        let found = found(&base, &new);
        assert_eq!(
            found.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(),
            ["not-the-same-thing", "not-the-same-client"]
        );
        for part in [
            "target: lab `default` with seed 1 in the base, no lab now",
            "source: web-identity in the base, imds now",
            "workers: 1 in the base, 8 now",
            "endpoint of regional",
        ] {
            assert!(found[0].1.contains(part), "{part} in {}", found[0].1);
        }
        assert_eq!(found[1].1, "CPUs: 2 in the base, 64 now");
    }

    #[test]
    fn runs_cut_short_arms_left_over_and_failures_are_named() {
        let (mut base, mut new) = (fixtures::sts(), fixtures::sts());
        base.body.complete = false;
        new.body.arms[0].outcomes.timeout = 12;
        new.body.arms[1].name = "eu-north-1".to_owned();
        let pairs = [(&base.body.arms[0], &new.body.arms[0])];
        let findings = findings(&base, &new, &pairs);
        let ids: Vec<&str> = findings.iter().map(|finding| finding.id.as_str()).collect();
        assert_eq!(
            ids,
            ["interrupted-run", "arms-on-one-side", "failures-differ"]
        );
        assert_eq!(
            findings[1].evidence,
            "only the base has regional; only the new run has eu-north-1"
        );
        assert_eq!(
            findings[2].summary,
            "more calls of global failed than in the base"
        );
    }
}

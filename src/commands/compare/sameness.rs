//! Whether two runs measured the same thing: a difference between them means little otherwise.

use crate::document::{Arm, Document, Finding, Measurement, Severity, word};
use crate::figures;

type Run = Document<Measurement>;

/// Shares of failed calls that differ by less are left to the tables.
const FAILED_APART: f64 = 0.01;

/// What a reader must know before believing a comparison of `base` with `new`; `pairs` are their arms that
/// were compared.
pub(super) fn findings(base: &Run, new: &Run, pairs: &[(&Arm, &Arm)]) -> Vec<Finding> {
    let pairs_differ = pairs.iter().filter_map(|(was, is)| other_endpoint(was, is));
    let target: Vec<String> = target(base, new).into_iter().chain(pairs_differ).collect();
    let client = client(base, new);
    let mut findings = Vec::new();
    if !target.is_empty() {
        findings.push(Finding::new(Severity::Warning, "not-the-same-thing", "not the same thing was measured in both runs", target.join("; "), "read the differences as the effect of what was changed on purpose, or measure both with the \
                same options"));
    }
    if !client.is_empty() {
        findings.push(Finding::new(Severity::Info, "not-the-same-client", "the runs were not made by the same client", client.join("; "), "where that is not what is being compared, measure both with the same machine and versions"));
    }
    findings.extend(interrupted(base, new));
    findings.extend(alone(base, new, pairs));
    findings.extend(pairs.iter().filter_map(|(was, is)| failures(was, is)));
    findings
}

fn target(base: &Run, new: &Run) -> Vec<String> {
    let lab = |document: &Run| {
        document.body.lab.as_ref().map_or_else(
            || "no lab".to_owned(),
            |lab| format!("lab `{}` with seed {}", lab.scenario, lab.seed),
        )
    };
    let rate = |document: &Run| {
        document
            .body
            .load
            .rate_per_s
            .map_or_else(|| "no rate".to_owned(), figures::rate)
    };
    let region = |document: &Run| {
        document
            .body
            .environment
            .region
            .clone()
            .unwrap_or_else(|| "none".to_owned())
    };
    let different = |what, of: &dyn Fn(&Run) -> String| different(what, &of(base), &of(new));
    [
        different("command", &|document| document.head.command.clone()),
        different("target", &lab),
        different("Region", &region),
        different("source", &|document| {
            document.body.environment.source.clone()
        }),
        different("loop", &|document| word(document.body.load.mode)),
        different("workers", &|document| {
            document.body.load.concurrency.to_string()
        }),
        different("rate", &rate),
        different("arrivals", &|document| {
            document
                .body
                .load
                .arrivals
                .map_or_else(|| "none".to_owned(), word)
        }),
        different("warm-up", &|document| document.body.load.warmup.to_string()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn client(base: &Run, new: &Run) -> Vec<String> {
    let different = |what, of: &dyn Fn(&Run) -> String| different(what, &of(base), &of(new));
    let sdk = |document: &Run| {
        let versions = document.body.environment.sdk.iter();
        versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    [
        different("version", &|document| document.head.tool.version.clone()),
        different("operating system", &|document| {
            document.body.environment.os.clone()
        }),
        different("CPUs", &|document| {
            document.body.environment.cpus.to_string()
        }),
        different("SDK", &sdk),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `source: imds in the base, static now`.
fn different(what: &str, was: &str, is: &str) -> Option<String> {
    (was != is).then(|| figures::spaced(&format!("{what}: {was} in the base, {is} now")))
}

fn other_endpoint(was: &Arm, is: &Arm) -> Option<String> {
    let endpoint = |arm: &Arm| arm.endpoint.clone().unwrap_or_else(|| "unknown".to_owned());
    different(
        &format!("endpoint of {}", is.name),
        &endpoint(was),
        &endpoint(is),
    )
}

fn interrupted(base: &Run, new: &Run) -> Option<Finding> {
    let which = match (base.body.complete, new.body.complete) {
        (true, true) => return None,
        (false, true) => "the base was",
        (true, false) => "the new run was",
        (false, false) => "both runs were",
    };
    Some(Finding::new(
        Severity::Warning,
        "interrupted-run",
        format!("{which} interrupted"),
        "its document says `complete: false`",
        "measure again to the end, or give the shorter run less weight",
    ))
}

fn alone(base: &Run, new: &Run, pairs: &[(&Arm, &Arm)]) -> Option<Finding> {
    let names = |arms: &[Arm], compared: &dyn Fn(&Arm) -> bool| {
        let left: Vec<&str> = arms
            .iter()
            .filter(|arm| !compared(arm))
            .map(|arm| arm.name.as_str())
            .collect();
        left.join(", ")
    };
    let only_base = names(&base.body.arms, &|arm| {
        pairs.iter().any(|(was, _)| was.name == arm.name)
    });
    let only_new = names(&new.body.arms, &|arm| {
        pairs.iter().any(|(_, is)| is.name == arm.name)
    });
    let told: Vec<String> = [("the base", only_base), ("the new run", only_new)]
        .into_iter()
        .filter(|(_, arms)| !arms.is_empty())
        .map(|(run, arms)| format!("only {run} has {arms}"))
        .collect();
    (!told.is_empty()).then(|| {
        Finding::new(
            Severity::Info,
            "arms-on-one-side",
            "some arms are in one run only and were not compared",
            told.join("; "),
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
    let (verb, severity) = if share(is) > share(was) {
        ("more", Severity::Warning)
    } else {
        ("fewer", Severity::Info)
    };
    Some(Finding::new(
        severity,
        "failures-differ",
        format!("{verb} calls of {} failed than in the base", is.name),
        format!(
            "{} failed in the base, {} now; latencies are those of successful calls",
            of(was),
            of(is)
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

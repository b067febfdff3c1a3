//! Findings on first calls: what every process pays once, for what, and how it can pay less or earlier.

use std::collections::BTreeMap;

use crate::document::{Arm, ErrorSeen, Finding, FirstCall, Severity, SourceRequests};
use crate::figures::{counted, time};

/// A first call that takes so much longer than those after it is felt by whoever waits for it …
const FELT_US: f64 = 100_000.0;

/// … and one that does not take this much longer is not worth a word.
const WORTH_A_WORD_US: f64 = 20_000.0;

/// It is no first call's matter where those after it take nearly as long.
const TIMES_A_WARM_CALL: f64 = 2.0;

/// Arms that are told by their names.
const MOST_NAMED: usize = 4;

pub(super) fn findings(arms: &[Arm]) -> Vec<Finding> {
    let first = arms
        .iter()
        .filter_map(|arm| Some((arm, arm.first_call.as_ref()?)));
    let first: Vec<(&Arm, &FirstCall)> = first.collect();
    let mut slow: Vec<Vec<SlowStart>> = Vec::new();
    for start in first
        .iter()
        .filter_map(|(arm, first)| SlowStart::of(arm, first))
    {
        match slow.iter_mut().find(|group| group[0].is_like(&start)) {
            Some(group) => group.push(start),
            None => slow.push(vec![start]),
        }
    }
    let slow = slow.iter().map(|group| slow_first_call(group, first.len()));
    failed(&first).into_iter().chain(slow).collect()
}

/// An arm whose first call takes much longer than those after it, by what it does only then.
struct SlowStart<'a> {
    arm: &'a Arm,
    first: &'a FirstCall,
    total_us: f64,
    warm_us: f64,
    /// The phase that takes most of the difference, and how long it takes.
    phase: &'static str,
    phase_us: f64,
}

impl<'a> SlowStart<'a> {
    fn of(arm: &'a Arm, first: &'a FirstCall) -> Option<Self> {
        let total_us = first.phases.total.p50_us?;
        let warm_us = arm.phases.total.p50_us?;
        if total_us - warm_us < WORTH_A_WORD_US || total_us < TIMES_A_WARM_CALL * warm_us {
            return None;
        }
        let warm = |phase: &str| arm.phases.named(phase).and_then(|of| of.p50_us);
        let phases = first.phases.slices().into_iter();
        let phases = phases.filter_map(|(phase, of)| Some((phase, of.p50_us?)));
        let more = |(phase, us): &(&str, f64)| us - warm(phase).unwrap_or_default();
        let (phase, phase_us) = phases.max_by(|a, b| more(a).total_cmp(&more(b)))?;
        Some(Self {
            arm,
            first,
            total_us,
            warm_us,
            phase,
            phase_us,
        })
    }

    /// Whether another arm's first call is slow for the same reason.
    fn is_like(&self, other: &Self) -> bool {
        let asked =
            |start: &Self| -> Vec<String> { start.first.source_requests.keys().cloned().collect() };
        self.phase == other.phase && (self.phase != "identity" || asked(self) == asked(other))
    }
}

fn slow_first_call(group: &[SlowStart], arms: usize) -> Finding {
    let longest = |a: &&SlowStart, b: &&SlowStart| a.total_us.total_cmp(&b.total_us);
    let worst = group.iter().max_by(longest).unwrap_or(&group[0]);
    let felt = worst.total_us - worst.warm_us >= FELT_US;
    let names: Vec<&str> = group.iter().map(|start| &*start.arm.name).collect();
    let whose = whose(&names, arms);
    let [total, part] = [worst.total_us, worst.phase_us].map(time);
    let requests = &worst.first.source_requests;
    let (doing, remedy) = match worst.phase {
        "identity" => {
            let source = source(requests);
            (format!("waiting for credentials from {source}"), SHARE)
        }
        "connect" => ("connecting (DNS, TCP and TLS)".to_owned(), KEEP),
        "transmit" => ("waiting for the service's answer".to_owned(), CALL_EARLY),
        "backoff" => ("pausing between its attempts".to_owned(), RETRIED),
        "unexplained" => ("making the client".to_owned(), MAKE_EARLY),
        phase => (format!("in the phase {phase}"), MAKE_EARLY),
    };
    let mut evidence: Vec<String> = match worst.phase {
        "identity" => asked(requests, worst.first.clients),
        "connect" => lookups(worst.first).into_iter().collect(),
        _ => Vec::new(),
    };
    let each = group.iter().take(MOST_NAMED).map(|start| {
        let [first, warm] = [start.total_us, start.warm_us].map(time);
        format!("{}: {first}, then {warm} at the median", start.arm.name)
    });
    evidence.extend(each);
    let severity = if felt {
        Severity::Warning
    } else {
        Severity::Info
    };
    let summary =
        format!("{whose}the first call of each process takes {total}, {part} of it {doing}");
    Finding::new(
        severity,
        "slow-first-call",
        summary,
        evidence.join("; "),
        remedy,
    )
}

const SHARE: &str = "let the processes of a machine share their credentials (a profile with `credential_process = \
    awscreds-bench credential-process`, docs/file-cache.md), or fetch them at start-up, before traffic arrives, and \
    keep one client for the life of the process";
const KEEP: &str = "make one client and keep it for the life of the process, so that its connections are reused; make \
    a call at start-up, before traffic arrives; check the distance to the endpoint";
const CALL_EARLY: &str = "make a call at start-up, before traffic arrives, and keep the client for the life of the \
    process";
const MAKE_EARLY: &str = "make one client at start-up and keep it for the life of the process";
const RETRIED: &str =
    "find out why the first attempt fails: `--verbose` and `awscreds-bench doctor` say more";

/// Who it is, at the beginning of a sentence; nothing where there is only one.
fn whose(names: &[&str], of: usize) -> String {
    match names {
        _ if of <= 1 => String::new(),
        _ if names.len() > MOST_NAMED && names.len() == of => format!("all {of} arms: "),
        [others @ .., last] if !others.is_empty() => format!("{} and {last}: ", others.join(", ")),
        _ => format!("{}: ", names.join(", ")),
    }
}

/// Each operation of a source with what people call it, in the order of a fetch.
const OPERATIONS: [(&str, &str); 5] = [
    ("imds:token", "token"),
    ("imds:role", "role list"),
    ("imds:credentials", "role credentials"),
    ("imds:other", "other metadata"),
    ("container:credentials", "credentials"),
];

/// Whom the requests went to.
fn source(requests: &BTreeMap<String, SourceRequests>) -> String {
    let mut sources: Vec<&str> = Vec::new();
    for operation in requests.keys() {
        let source = match operation.split(':').next() {
            Some("imds") => "the instance metadata service",
            Some("container") => "the container credentials endpoint",
            Some("sts") => "STS",
            Some("sso" | "sso-oidc") => "IAM Identity Center",
            _ => continue,
        };
        if !sources.contains(&source) {
            sources.push(source);
        }
    }
    match sources[..] {
        [] => "their source".to_owned(),
        _ => sources.join(" and "),
    }
}

/// The requests of one fetch: `token 601 ms, role list 600 ms`.
fn asked(requests: &BTreeMap<String, SourceRequests>, clients: u64) -> Vec<String> {
    let place = |operation: &str| OPERATIONS.iter().position(|(name, _)| *name == operation);
    let mut requests: Vec<_> = requests.iter().collect();
    requests.sort_by_key(|(operation, _)| place(operation).unwrap_or(OPERATIONS.len()));
    let told = requests.iter().map(|(operation, seen)| {
        let plain = operation
            .split_once(':')
            .map_or(&***operation, |(_, name)| name);
        let name = place(operation).map_or(plain, |place| OPERATIONS[place].1);
        let each = seen.count as f64 / clients.max(1) as f64;
        let times = if each > 1.0 {
            format!("{each:.0} × ")
        } else {
            String::new()
        };
        let took = seen.p50_us.map_or("no answer".to_owned(), time);
        format!("{times}{name} {took}")
    });
    let told: Vec<String> = told.collect();
    let told = (!told.is_empty()).then(|| format!("requests: {}", told.join(", ")));
    told.into_iter().collect()
}

fn lookups(first: &FirstCall) -> Option<String> {
    let us = first.phases.dns.as_ref()?.p50_us?;
    Some(format!("looking up the name took {} of it", time(us)))
}

/// First calls that did not succeed, whatever became of those after them.
fn failed(first: &[(&Arm, &FirstCall)]) -> Option<Finding> {
    let failed = first
        .iter()
        .filter(|(_, first)| first.outcomes.failed() > 0);
    let failed: Vec<_> = failed.collect();
    let (_, worst) = failed
        .iter()
        .max_by_key(|(_, first)| first.outcomes.failed())?;
    let names: Vec<&str> = failed.iter().map(|(arm, _)| &*arm.name).collect();
    let whose = whose(&names, first.len());
    let (count, clients) = (worst.outcomes.failed(), worst.clients);
    let summary = match clients {
        1 => format!("{whose}the first call of the process failed"),
        _ => format!(
            "{whose}{count} of {} failed",
            counted(clients, "first call")
        ),
    };
    let each = failed.iter().take(MOST_NAMED).map(|(arm, first)| {
        let error = first.errors.first();
        let error = error.map_or("no error was reported", |ErrorSeen { message, .. }| message);
        let (ok, requests) = (arm.outcomes.ok, arm.requests);
        format!(
            "{}: {error}; of the calls after it, {ok} of {requests} succeeded",
            arm.name
        )
    });
    let each: Vec<String> = each.collect();
    Some(Finding::warning(
        "first-call-failed",
        summary,
        each.join("; "),
        "fetch credentials and connect at start-up, before traffic arrives, and retry there; `awscreds-bench doctor` \
         says what is wrong with a source of credentials",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::{Outcomes, Phases, Quantiles};

    fn of(us: f64) -> Quantiles {
        Quantiles {
            count: 1,
            p50_us: Some(us),
            ..Quantiles::default()
        }
    }

    /// An arm whose calls take 2 ms, and the first one `identity_us` and `connect_us` more.
    fn arm(name: &str, identity_us: f64, connect_us: f64) -> Arm {
        let warm = |more_us: f64| Phases {
            total: of(2_000.0 + more_us),
            transmit: of(2_000.0),
            ..Phases::default()
        };
        let request = |p50_us| SourceRequests {
            count: 1,
            ok: 1,
            p50_us: Some(p50_us),
            ..SourceRequests::default()
        };
        let requests = ["imds:credentials", "imds:role", "imds:token"];
        let requests = requests.map(|name| (name.to_owned(), request(identity_us / 3.0)));
        Arm {
            name: name.to_owned(),
            requests: 10,
            outcomes: Outcomes {
                ok: 10,
                ..Outcomes::default()
            },
            phases: warm(0.0),
            first_call: Some(FirstCall {
                clients: 1,
                phases: Phases {
                    identity: of(identity_us),
                    connect: of(connect_us),
                    ..warm(identity_us + connect_us)
                },
                source_requests: requests.into(),
                ..FirstCall::default()
            }),
            ..Arm::default()
        }
    }

    #[test]
    fn arms_that_wait_for_the_same_source_share_the_finding() {
        let arms = vec![arm("global", 1.8e6, 9e4), arm("regional", 1.8e6, 1e4)];
        let [found] = &findings(&arms)[..] else {
            panic!("{:?}", findings(&arms));
        };
        assert_eq!(
            (&*found.id, found.severity),
            ("slow-first-call", Severity::Warning)
        );
        assert_eq!(
            found.summary.replace('\u{a0}', " "),
            "global and regional: the first call of each process takes 1.89 s, 1.80 s of it waiting for credentials \
             from the instance metadata service"
        );
        let evidence = found.evidence.replace('\u{a0}', " ");
        assert!(
            evidence.starts_with(
                "requests: token 600 ms, role list 600 ms, role credentials 600 ms; global: "
            ),
            "{evidence}"
        );
        assert!(
            found
                .remedy
                .contains("credential_process = awscreds-bench credential-process")
        );
    }

    #[test]
    fn what_takes_the_difference_is_named_and_a_short_one_is_no_warning() {
        let found = findings(&[arm("regional", 3_000.0, 60_000.0)]);
        assert_eq!(found[0].severity, Severity::Info);
        assert!(
            found[0].summary.starts_with("the first call"),
            "{}",
            found[0].summary
        );
        assert!(
            found[0].summary.contains("connecting"),
            "{}",
            found[0].summary
        );
    }

    #[test]
    fn a_first_call_like_any_other_is_not_worth_a_word() {
        assert_eq!(findings(&[arm("regional", 3_000.0, 4_000.0)]), []);
        let mut always_cold = arm("cold", 200_000.0, 0.0);
        let first = always_cold.first_call.clone().unwrap();
        always_cold.phases = first.phases;
        assert_eq!(findings(&[always_cold]), []);
        assert_eq!(findings(&[Arm::default()]), []);
    }

    #[test]
    fn a_first_call_that_failed_is_told_with_its_error() {
        let mut arms = vec![arm("regional", 0.0, 0.0), arm("other", 0.0, 0.0)];
        arms[0].first_call = Some(FirstCall {
            clients: 1,
            outcomes: Outcomes {
                timeout: 1,
                ..Outcomes::default()
            },
            errors: vec![ErrorSeen {
                message: "no answer".to_owned(),
                count: 1,
            }],
            ..FirstCall::default()
        });
        let found = findings(&arms);
        assert_eq!(found[0].id, "first-call-failed");
        assert!(
            found[0]
                .evidence
                .contains("no answer; of the calls after it, 10 of 10")
        );
    }
}

//! What `doctor` would say of the source that a run used: told with the run's own findings where the run gives reason
//! to ask, and in the place of a hint where none of its calls succeeded.
//!
//! Nothing is asked that the run did not ask as well: the source in use, and STS where the run called it or nothing
//! else is known of why it failed.

use std::collections::BTreeMap;

use super::command::Completed;
use crate::client::SetupOptions;
use crate::credentials::Source;
use crate::diagnosis::{self, CLOCK_NOTED_S, Examination, Extent, Subject};
use crate::document::{Arm, Finding, FirstCall, Measurement, Severity, SourceRequests};
use crate::exit::Exit;
use crate::run::{Failure, Run, Session};

/// Commands whose calls are STS's.
const CALLS_STS: [&str; 2] = ["sts", "refresh"];

/// Ends a run with the findings on its source before its own.
pub(super) async fn completed(
    session: &Session,
    mut run: Run<'_>,
    own: impl IntoIterator<Item = Finding>,
) -> Completed {
    run.close();
    let mut found = Vec::new();
    if run.body.complete && gives_reason(&run.body) {
        let arms = &run.body.arms;
        let failed = arms.iter().any(|arm| arm.outcomes.failed() > 0);
        let off = |(_, ahead): &(String, i64)| ahead.unsigned_abs();
        let called = arms.iter().filter_map(clock).max_by_key(off);
        found = examined(session, failed, called).await;
    }
    Completed::measured(run.document(merged(found, own)))
}

/// A command's failure with what is wrong with its source, where calls or fetches of credentials failed.
pub(super) async fn explained(session: &Session, mut failure: Failure) -> Failure {
    if failure.of_calls && failure.exit == Exit::NotMeasured {
        failure.findings = examined(session, true, None).await;
        failure
            .findings
            .retain(|found| found.severity > Severity::Info);
    }
    failure
}

/// What the checks find of the source in use; nothing where the user has had enough.
async fn examined(session: &Session, failed: bool, called: Option<(String, i64)>) -> Vec<Finding> {
    let options = session.setup.options();
    let calls_sts = CALLS_STS.contains(&session.command);
    // A stand-in for another service is not asked for STS, and AWS is not asked in its place.
    let sts = calls_sts || (failed && options.endpoint_url.is_none());
    let subject = subject(options, sts);
    let seen = tokio::select! {
        seen = diagnosis::examine(&subject) => seen,
        () = session.stop.stopped() => return Vec::new(),
    };
    let mut found = diagnosis::diagnose_client(&Examination { called, ..seen });
    // How far away STS is, is no matter of calls to another service.
    found.retain(|found| calls_sts || !found.id.starts_with("sts-"));
    found
}

fn subject(options: SetupOptions, sts: bool) -> Subject {
    let named = options.named;
    let source = match (named.source, &named.role_arn) {
        (Source::AssumeRole, None) => Source::Profile,
        (source, _) => source,
    };
    Subject {
        variables: named.variables,
        route: options.route,
        region: named.region,
        profile: named.profile,
        endpoint_url: options.endpoint_url,
        extent: Extent::Client { source, sts },
    }
}

/// An answer of a source that takes longer is one that somebody waits for.
const SLOW_US: f64 = 300_000.0;

/// Whether the run met something that the checks may explain: calls that failed or were tried again, a first call
/// that failed or was slow, credentials that calls loaded or waited for while they were measured, a source that
/// refused, was silent or slow, a clock that is off.
fn gives_reason(body: &Measurement) -> bool {
    body.arms.iter().any(|arm| {
        let first = arm.first_call.as_ref();
        let credentials = arm.identity.load + arm.identity.wait;
        let exchanges = first.map(|first| &first.source_requests);
        arm.outcomes.failed() > 0
            || arm.attempts > arm.requests
            || credentials > 0
            || first.is_some_and(|first| first.outcomes.failed() > 0 || is_slow(first))
            || strained(&arm.source_requests)
            || exchanges.is_some_and(strained)
            || clock(arm).is_some_and(|(_, ahead)| ahead.unsigned_abs() >= CLOCK_NOTED_S)
    })
}

fn is_slow(first: &FirstCall) -> bool {
    first.phases.total.max_us.is_some_and(|us| us >= SLOW_US)
}

/// Whether a source refused, was silent or slow.
fn strained(requests: &BTreeMap<String, SourceRequests>) -> bool {
    let mut requests = requests.values();
    requests.any(|n| n.ok < n.count || n.max_us.is_some_and(|us| us >= SLOW_US))
}

/// The service that an arm called, and by how much its clock was ahead.
fn clock(arm: &Arm) -> Option<(String, i64)> {
    let service = arm.endpoint.as_ref().unwrap_or(&arm.name);
    Some((service.clone(), arm.clock_ahead_s?))
}

/// Both, each cause once. Where the run itself measured a cause, its figures are the better ones.
fn merged(found: Vec<Finding>, own: impl IntoIterator<Item = Finding>) -> Vec<Finding> {
    let own: Vec<Finding> = own.into_iter().collect();
    let is_own = |found: &Finding| own.iter().any(|own| own.id == found.id);
    let found = found.into_iter().filter(|found| !is_own(found));
    found.chain(own.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reason(change: impl FnOnce(&mut Arm)) -> bool {
        let mut arm = Arm {
            requests: 10,
            attempts: 10,
            ..Arm::default()
        };
        change(&mut arm);
        gives_reason(&Measurement {
            arms: vec![arm],
            ..Measurement::default()
        })
    }

    #[test]
    fn a_run_in_which_all_went_well_gives_no_reason_to_ask() {
        let source = |ok, max_us| SourceRequests {
            count: 2,
            ok,
            max_us: Some(max_us),
            ..SourceRequests::default()
        };
        let told = |arm: &mut Arm, requests| {
            arm.source_requests
                .insert("imds:token".to_owned(), requests);
        };
        assert!(!reason(|_| ()));
        assert!(!reason(|arm| told(arm, source(2, 5_000.0))));
        assert!(reason(|arm| told(arm, source(1, 5_000.0))));
        assert!(reason(|arm| told(arm, source(2, 600_000.0))));
        assert!(reason(|arm| arm.outcomes.timeout = 1));
        assert!(reason(|arm| arm.attempts = 11));
        assert!(reason(|arm| arm.identity.load = 1));
        assert!(!reason(|arm| arm.clock_ahead_s = Some(-1)));
        assert!(reason(|arm| arm.clock_ahead_s = Some(-600)));
        let first = |requests| FirstCall {
            source_requests: [("imds:token".to_owned(), requests)].into(),
            ..FirstCall::default()
        };
        assert!(!reason(
            |arm| arm.first_call = Some(first(source(2, 5_000.0)))
        ));
        assert!(reason(
            |arm| arm.first_call = Some(first(source(2, 600_000.0)))
        ));
    }

    #[test]
    fn a_cause_is_told_once_with_the_figures_of_the_run() {
        let finding = |id: &str, evidence: &str| Finding::warning(id, "", evidence, "");
        let both = merged(
            vec![finding("a", "checked"), finding("b", "checked")],
            [finding("b", "measured"), finding("c", "measured")],
        );
        let told = both.iter().map(|found| (&*found.id, &*found.evidence));
        let told: Vec<(&str, &str)> = told.collect();
        assert_eq!(
            told,
            [("a", "checked"), ("b", "measured"), ("c", "measured")]
        );
    }
}

//! What `doctor` would say of the source that a run used: told with the run's own findings where the run gives reason
//! to ask, and in the place of a hint where none of its calls succeeded.
//!
//! Nothing is asked that the run did not ask as well: the source in use, and STS where the run called it or nothing
//! else is known of why it failed.

use super::command::Completed;
use crate::client::SetupOptions;
use crate::credentials::Source;
use crate::diagnosis::{self, Extent, Subject};
use crate::document::{Arm, Finding, Measurement, Severity};
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
    run.stop_counting();
    let mut found = Vec::new();
    if run.body.complete && gives_reason(&run.body) {
        let failed = run.body.arms.iter().any(|arm| arm.outcomes.failed() > 0);
        found = examined(session, failed).await;
    }
    Completed::measured(run.document(merged(found, own)))
}

/// A command's failure with what is wrong with its source, where calls or fetches of credentials failed.
pub(super) async fn explained(session: &Session, mut failure: Failure) -> Failure {
    if failure.of_calls && failure.exit == Exit::NotMeasured {
        failure.findings = examined(session, true).await;
        failure
            .findings
            .retain(|found| found.severity > Severity::Info);
    }
    failure
}

/// What the checks find of the source in use; nothing where the user has had enough.
async fn examined(session: &Session, failed: bool) -> Vec<Finding> {
    let options = session.setup.options();
    let calls_sts = CALLS_STS.contains(&session.command);
    // A stand-in for another service is not asked for STS, and AWS is not asked in its place.
    let sts = calls_sts || (failed && options.endpoint_url.is_none());
    let subject = subject(options, sts);
    let mut found = tokio::select! {
        seen = diagnosis::examine(&subject) => diagnosis::diagnose_client(&seen),
        () = session.stop.stopped() => Vec::new(),
    };
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

/// Whether the run met something that the checks may explain: calls that failed or were tried again, credentials
/// that calls loaded or waited for while they were measured, a source that refused, was silent or slow.
fn gives_reason(body: &Measurement) -> bool {
    let by_calls = |arm: &Arm| {
        let credentials = arm.identity.load + arm.identity.wait;
        arm.outcomes.failed() > 0 || arm.attempts > arm.requests || credentials > 0
    };
    let by_source = |arm: &Arm| {
        let mut requests = arm.source_requests.values();
        requests.any(|n| n.ok < n.count || n.max_us.is_some_and(|us| us >= SLOW_US))
    };
    body.arms.iter().any(|arm| by_calls(arm) || by_source(arm))
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
    use crate::document::SourceRequests;

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

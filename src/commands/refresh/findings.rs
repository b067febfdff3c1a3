//! What the renewals of a run come down to.

use crate::document::{Arm, Finding, Renewal, Severity};

const REMEDY: &str = "renew ahead of the expiry, off the path of calls: the Refresher, Swapper or Advisory provider \
    of this crate in Rust, the asynchronous or prefetching option of other SDKs, or `credential_process = awscreds-bench \
    credential-process` for programs in any language";

pub(super) fn findings(arms: &[Arm]) -> Vec<Finding> {
    let blocked = arms
        .iter()
        .filter_map(|arm| blocked(arm, arm.renewal.as_ref()?));
    blocked.chain(never_expired(arms)).collect()
}

fn blocked(arm: &Arm, renewal: &Renewal) -> Option<Finding> {
    let longest_us = renewal.longest_wait_us?;
    let calls: Vec<String> = renewal
        .waits
        .iter()
        .map(|wait| wait.calls.to_string())
        .collect();
    let listed = if calls.len() > 8 {
        format!(
            "{} and so on, {} times in all",
            calls[..8].join(", "),
            calls.len()
        )
    } else {
        calls.join(", ")
    };
    Some(Finding::new(
        Severity::Warning,
        "expiry-blocks-calls",
        format!(
            "{}: {} of {} calls waited for credentials, the longest for {:.2} s",
            arm.name,
            renewal.blocked,
            arm.requests,
            longest_us / 1e6
        ),
        format!(
            "calls that waited together: {listed}; at most {} at once",
            renewal.most_at_once
        ),
        REMEDY,
    ))
}

/// Without an expiry there was nothing to compare.
fn never_expired(arms: &[Arm]) -> Option<Finding> {
    let end = arms
        .iter()
        .flat_map(|arm| &arm.timeline)
        .map(|slice| slice.end_s);
    let end = end.fold(0.0, f64::max);
    let mut expiries = arms
        .iter()
        .filter_map(|arm| arm.renewal.as_ref())
        .flat_map(|renewal| &renewal.expiries_s);
    if expiries.any(|&expiry| expiry <= end) {
        return None;
    }
    Some(Finding::new(
        Severity::Info,
        "nothing-expired",
        "no credentials expired during the run, so it shows no renewal",
        format!("the run lasted {end:.0} s"),
        "raise --duration beyond the lifetime of the credentials, or use --lab or --simulate",
    ))
}

//! What the renewals of a run come down to.

use crate::document::{Arm, Finding, Renewal};
use crate::figures::time;

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
    let longest = time(renewal.longest_wait_us?);
    let calls: Vec<String> = renewal
        .waits
        .iter()
        .map(|wait| wait.calls.to_string())
        .collect();
    let listed = if calls.len() > 8 {
        let first = calls[..8].join(", ");
        format!("{first} and so on, {} times in all", calls.len())
    } else {
        calls.join(", ")
    };
    let (name, requests) = (&arm.name, arm.requests);
    let (blocked, most) = (renewal.blocked, renewal.most_at_once);
    Some(Finding::warning(
        "expiry-blocks-calls",
        format!(
            "{name}: {blocked} of {requests} calls waited for credentials, the longest for {longest}"
        ),
        format!("calls that waited together: {listed}; at most {most} at once"),
        REMEDY,
    ))
}

/// Without an expiry there was nothing to compare.
fn never_expired(arms: &[Arm]) -> Option<Finding> {
    let slices = arms.iter().flat_map(|arm| &arm.timeline);
    let end = slices.map(|slice| slice.end_s).fold(0.0, f64::max);
    let renewals = arms.iter().filter_map(|arm| arm.renewal.as_ref());
    let mut expiries = renewals.flat_map(|renewal| &renewal.expiries_s);
    if expiries.any(|&expiry| expiry <= end) {
        return None;
    }
    Some(Finding::info(
        "nothing-expired",
        "no credentials expired during the run, so it shows no renewal",
        format!("the run lasted {end:.0} s"),
        "raise --duration beyond the lifetime of the credentials, or use --lab or --simulate",
    ))
}

//! Credentials are renewed later than a fetch takes.

use std::time::Duration;

use super::{lasting, shown};
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "refresh-margin",
    level: Level::Warning,
    title: "credentials are renewed later than a fetch takes",
    explanation: "The Rust SDK renews credentials 5 to 10 seconds before they expire, and others have similar margins. Where a fetch takes a good part of that, or where the source hands out credentials that are about to expire, calls run into the expiry.",
    consequence: "Requests wait for the refresh, or are sent with credentials that expire on the way (ExpiredToken).",
    remedy: "renew earlier (IdentityCache::lazy().buffer_time(…) in Rust, and its like), renew in the background, and make the source faster",
    reference: "https://github.com/aws/aws-sdk-java-v2/issues/5247",
    provoked_by: "a lab scenario with `[container] delay = \"2700ms\"`",
    last_resort: false,
    look,
};

/// The Rust SDK's margin is between this and twice as long.
const MARGIN: Duration = Duration::from_secs(5);

fn look(seen: &Examination) -> Option<Sighting> {
    let (link, fetched) = seen.winner()?;
    let elapsed = link.elapsed?;
    let left = fetched
        .expires?
        .duration_since(seen.now?)
        .unwrap_or_default();
    let evidence = format!(
        "{} took {}; what it gave has {} left; the margin is 5 s to 10 s",
        link.name.as_str(),
        shown(elapsed),
        lasting(left),
    );
    let slow = elapsed * 2 >= MARGIN;
    let short = !left.is_zero() && left < 3 * MARGIN;
    (slow || short).then(|| Sighting::new(Level::Warning, CHECK.title, evidence))
}

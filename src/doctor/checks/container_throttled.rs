//! The container credentials endpoint refuses requests for their rate.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, LinkName};

pub(super) static CHECK: Check = Check {
    id: "container-throttled",
    level: Level::Error,
    title: "the container credentials endpoint refuses requests for their rate",
    explanation: "The agent that serves container credentials has a limit: 40 requests per second and 60 at once on ECS, 1,000 and 500 for EKS Pod Identity. Beyond it the answer is 429, which most SDKs do not try again and report as missing credentials.",
    consequence: "Processes that start together fail with \"no credentials\", or silently use those of another link.",
    remedy: "start processes over a longer time, share credentials among the processes of a task, one client per process; find the limit with `awscreds-bench imds --endpoint container`",
    reference: "https://github.com/aws/containers-roadmap/issues/1649",
    provoked_by: "a lab scenario with `[container] throttle = { rate = 0.1, burst = 1 }`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let endpoint = seen.container.as_ref()?;
    let probed = endpoint
        .answer
        .status()
        .filter(|status| matches!(status, 429 | 503));
    let link = seen
        .link(LinkName::Container)
        .filter(|link| link.throttled > 0);
    if probed.is_none() && link.is_none() {
        return None;
    }
    let level = if seen.failure(LinkName::Container).is_some() {
        Level::Error
    } else {
        Level::Warning
    };
    let by_sdk = link.map_or(0, |link| link.throttled);
    let evidence = format!(
        "{}: of a single request and an SDK's fetch, {} refused (429 or 503)",
        endpoint.host,
        u64::from(probed.is_some()) + by_sdk
    );
    Some(Sighting::new(level, CHECK.title, evidence))
}

//! Instance metadata drops or refuses requests.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, LinkName};

pub(super) static CHECK: Check = Check {
    id: "imds-throttled",
    level: Level::Error,
    title: "instance metadata drops or refuses requests",
    explanation: "A network interface passes 1,024 packets per second to link-local addresses, shared by metadata, DNS and NTP of everything on the node. What exceeds that is dropped without a word, so that throttling looks like random timeouts. Stand-ins for metadata may answer 429 or 503 instead.",
    consequence: "Credential fetches time out now and then, worst when many processes start at once; DNS lookups suffer with them.",
    remedy: "fetch less often: one client per process, credentials shared by the processes of a node, no new session per request; find the limit with `awscreds-bench imds --concurrency`",
    reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/monitoring-network-performance-ena.html",
    provoked_by: "a lab scenario with `[imds] throttle = { rate = 0.1, burst = 2, answer = \"drop\" }`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let counter = match seen.linklocal_dropped {
        Some(dropped) => format!("linklocal_allowance_exceeded is {dropped}"),
        None => "linklocal_allowance_exceeded is not readable here".to_owned(),
    };
    if let Some(metadata) = &seen.metadata {
        let steps = [&metadata.token, &metadata.role, &metadata.credentials];
        let answered = steps.iter().filter(|step| step.status().is_some()).count();
        let silent = steps.iter().filter(|step| step.is_silent()).count();
        let refused = steps
            .iter()
            .find_map(|step| step.status().filter(|s| matches!(s, 429 | 503)));
        if let Some(status) = refused {
            let evidence = format!("{} answered with {status}; {counter}", metadata.endpoint);
            return Some(Sighting::new(
                level(seen),
                "instance metadata refuses requests for their rate",
                evidence,
            ));
        }
        if answered > 0 && silent > 0 {
            let evidence = format!(
                "{}: of its steps {answered} were answered and {silent} were not, on one connection; {counter}",
                metadata.endpoint
            );
            return Some(Sighting::new(
                level(seen),
                "instance metadata drops requests",
                evidence,
            ));
        }
    }
    let dropped = seen.linklocal_dropped.filter(|dropped| *dropped > 0)?;
    let evidence = format!(
        "linklocal_allowance_exceeded has counted {dropped} dropped packets since the interface came up"
    );
    let summary = "this node has exceeded its packets to link-local addresses";
    Some(Sighting::new(Level::Warning, summary, evidence))
}

fn level(seen: &Examination) -> Level {
    if seen.failure(LinkName::Imds).is_some() && seen.winner().is_none() {
        Level::Error
    } else {
        Level::Warning
    }
}

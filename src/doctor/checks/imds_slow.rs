//! Instance metadata is slow.

use std::time::Duration;

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "imds-slow",
    level: Level::Warning,
    title: "instance metadata is slow",
    explanation: "Metadata is a millisecond away when all is well. Where it takes long, something stands between: a proxy for pods (kiam, kube2iam), an agent under load, a hypervisor that is short of time.",
    consequence: "Every process waits at its start and at each refresh; SDKs that give metadata one second give up now and then.",
    remedy: "look at what answers in metadata's place, and at the load on it; raise AWS_METADATA_SERVICE_TIMEOUT for boto3 and the AWS CLI; keep credentials for as long as they are good",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html",
    provoked_by: "lab scenario `imds-slow`",
    last_resort: false,
    look,
};

/// Of all steps of a fetch together.
const SLOW: Duration = Duration::from_millis(300);

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    let steps = [
        ("token", &metadata.token),
        ("role", &metadata.role),
        ("credentials", &metadata.credentials),
    ];
    let timed: Vec<_> = steps
        .iter()
        .filter_map(|(name, answer)| Some((name, answer.elapsed()?)))
        .collect();
    let total: Duration = timed.iter().map(|(_, elapsed)| *elapsed).sum();
    if total < SLOW {
        return None;
    }
    let parts: Vec<String> = timed
        .iter()
        .map(|(name, elapsed)| format!("{name} {}", shown(*elapsed)))
        .collect();
    let evidence = format!("{}: {}", metadata.endpoint, parts.join(", "));
    let summary = format!("a fetch from instance metadata takes {}", shown(total));
    Some(Sighting::new(Level::Warning, summary, evidence))
}

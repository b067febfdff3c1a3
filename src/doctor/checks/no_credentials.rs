//! No credentials are found.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, LinkState};

pub(super) static CHECK: Check = Check {
    id: "no-credentials",
    level: Level::Error,
    title: "no credentials are found",
    explanation: "No link of the chain gave credentials. Where a link is configured and fails, the chain ends there: only a link that has nothing to say lets the next one try.",
    consequence: "Every request fails before it is sent.",
    remedy: "configure one link: AWS_PROFILE and `aws sso login`, a role for the task, the service account or the instance; or try the embedded lab: awscreds-bench doctor --lab",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    provoked_by: "an empty environment with AWS_EC2_METADATA_DISABLED=true",
    last_resort: true,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    if seen.winner().is_some() {
        return None;
    }
    let parts: Vec<String> = seen
        .links
        .iter()
        .map(|link| match &link.state {
            LinkState::Absent(why) | LinkState::Failed(why) => {
                format!("{}: {why}", link.name.as_str())
            }
            LinkState::Loaded(_) => format!("{}: credentials, not reached", link.name.as_str()),
        })
        .collect();
    Some(Sighting::new(Level::Error, CHECK.title, parts.join("; ")))
}

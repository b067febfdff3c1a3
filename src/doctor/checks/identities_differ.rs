//! Links of the chain give different identities.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "identities-differ",
    level: Level::Warning,
    title: "links of the chain give different identities",
    explanation: "More than one link has credentials, and they belong to different principals. Which one a program gets depends on its SDK, and on whether a link before it fails at that moment.",
    consequence: "A throttled or failing source changes the identity in mid-run: access denied, or access to what nobody meant.",
    remedy: "leave one source per environment: unset the variables, or remove the profile or the role that is not meant",
    reference: "https://github.com/apache/datafusion-comet/issues/6024",
    provoked_by: "the lab's static keys in the environment, with `imds` beside them",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let known: Vec<(&str, &str)> = seen
        .loaded()
        .filter_map(|(link, fetched)| {
            let arn = fetched.identity.as_ref()?.arn.as_ref().ok()?;
            Some((link.name.as_str(), arn.as_str()))
        })
        .collect();
    let (_, first) = known.first()?;
    if known
        .iter()
        .all(|(_, arn)| principal(arn) == principal(first))
    {
        return None;
    }
    let parts: Vec<String> = known
        .iter()
        .map(|(link, arn)| format!("{link}: {arn}"))
        .collect();
    Some(Sighting::new(Level::Warning, CHECK.title, parts.join("; ")))
}

/// A role's sessions are one principal.
fn principal(arn: &str) -> &str {
    if arn.contains(":assumed-role/") {
        arn.rsplit_once('/').map_or(arn, |(role, _)| role)
    } else {
        arn
    }
}

//! SDKs in different languages would use different credentials.

use std::collections::BTreeMap;

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, LinkName};
use crate::doctor::sdks;

pub(super) static CHECK: Check = Check {
    id: "sdks-disagree",
    level: Level::Warning,
    title: "SDKs in different languages would use different credentials",
    explanation: "Default chains ask their links in different orders: Go, Java, Ruby and PHP prefer a web identity to a profile, .NET prefers a profile to variables, JavaScript v3 leaves variables out where AWS_PROFILE is set.",
    consequence: "Two programs on this machine, configured alike, run as different principals.",
    remedy: "leave one source per environment, or name it in each program (a provider in code, AWS_PROFILE with nothing else set)",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    provoked_by: "web identity variables beside a profile with keys",
    last_resort: false,
    look,
};

const NOTHING: &str = "nothing";

fn look(seen: &Examination) -> Option<Sighting> {
    let picks = sdks::picks(seen);
    let mut by_link: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for pick in &picks {
        let link = pick.link.map_or(NOTHING, LinkName::as_str);
        by_link.entry(link).or_default().push(pick.family);
    }
    // An SDK that finds nothing is nobody else; the table of picks tells it.
    if by_link.keys().filter(|link| **link != NOTHING).count() < 2 {
        return None;
    }
    let parts: Vec<String> = by_link
        .iter()
        .map(|(link, families)| format!("{link}: {}", families.join(", ")))
        .collect();
    Some(Sighting::new(Level::Warning, CHECK.title, parts.join("; ")))
}

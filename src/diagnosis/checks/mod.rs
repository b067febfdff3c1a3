//! The catalogue: a file for each thing that checks are about, with their texts and their pure functions.

mod ambiguity;
mod container;
mod credentials;
mod imds;
mod network;
mod prerequisites;
mod profile;

pub(crate) use credentials::NOTED_S as CLOCK_NOTED_S;

use super::check::Check;
use super::examination::Examination;
use crate::credentials::Source;
use crate::document::{Finding, Severity};

/// In the order in which they are told.
static GROUPS: [&[Check]; 7] = [
    imds::CHECKS,
    container::CHECKS,
    network::CHECKS,
    credentials::CHECKS,
    ambiguity::CHECKS,
    profile::CHECKS,
    prerequisites::CHECKS,
];

/// Every check.
pub fn catalogue() -> impl Iterator<Item = &'static Check> {
    GROUPS.into_iter().flatten()
}

/// The check of this id.
pub(crate) fn find(id: &str) -> Option<&'static Check> {
    catalogue().find(|check| check.id == id)
}

/// Its finding, as a run makes it that met the same cause and has figures of its own.
pub(crate) fn measured(id: &str, summary: String, evidence: String) -> Finding {
    let check = find(id).expect("a finding that runs share with the catalogue is in it");
    check.measured(summary, evidence)
}

/// What any other error explains.
const LAST_RESORTS: [&str; 2] = ["credentials-refused", "no-credentials"];

/// What the checks find on a machine, worst first, in the catalogue's order among equals.
pub(crate) fn diagnose(seen: &Examination) -> Vec<Finding> {
    found_by(catalogue(), seen)
}

/// What they find of one client: what other programs would do here is no matter of it.
pub(crate) fn diagnose_client(seen: &Examination) -> Vec<Finding> {
    let about_others = |check: &&Check| ambiguity::CHECKS.iter().any(|other| other.id == check.id);
    let reads_profiles = seen.link(Source::Profile).is_some();
    let about_files = |check: &&Check| profile::CHECKS.iter().any(|other| other.id == check.id);
    let of_client =
        catalogue().filter(|check| !about_others(check) && (reads_profiles || !about_files(check)));
    found_by(of_client, seen)
}

fn found_by(checks: impl Iterator<Item = &'static Check>, seen: &Examination) -> Vec<Finding> {
    let found = checks.filter_map(|check| Some((check.look)(seen)?.finding(check, seen)));
    let mut found: Vec<Finding> = found.collect();
    let is_last_resort = |found: &Finding| LAST_RESORTS.contains(&found.id.as_str());
    let is_explanation = |found| !is_last_resort(found) && found.severity == Severity::Error;
    if found.iter().any(is_explanation) {
        found.retain(|found| !is_last_resort(found));
    }
    found.sort_by_key(|found| std::cmp::Reverse(found.severity));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_whole_and_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = catalogue().map(|check| check.id).collect();
        for check in catalogue() {
            assert!(!check.title.is_empty(), "{}", check.id);
            for (name, text) in check.sections() {
                assert!(!text.is_empty(), "{name} of {}", check.id);
            }
            assert!(check.reference.starts_with("https://"), "{}", check.id);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), catalogue().count());
        assert!(LAST_RESORTS.iter().all(|id| find(id).is_some()));
    }

    #[test]
    fn nothing_known_is_no_reason_for_an_error_but_for_the_lack_of_credentials() {
        let found = diagnose(&Examination::default());
        let errors: Vec<&str> = found
            .iter()
            .filter(|found| found.severity == Severity::Error)
            .map(|found| found.id.as_str())
            .collect();
        assert_eq!(errors, ["no-credentials"]);
    }
}

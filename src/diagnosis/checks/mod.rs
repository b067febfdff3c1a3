//! The catalogue: a file for each thing that checks are about, with their texts and their pure functions.

mod ambiguity;
mod container;
mod credentials;
mod imds;
mod network;
mod prerequisites;
mod profile;

use super::check::Check;
use super::examination::Examination;
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

/// What the checks find, worst first, in the catalogue's order among equals.
#[must_use]
pub fn diagnose(seen: &Examination) -> Vec<Finding> {
    let observed = catalogue().filter_map(|check| {
        let observation = (check.look)(seen)?;
        Some((observation.is_last_resort(), observation.finding(check)))
    });
    let mut observed: Vec<(bool, Finding)> = observed.collect();
    let is_explanation =
        |(last_resort, found): &(bool, Finding)| !last_resort && found.severity == Severity::Error;
    // It would only say again what another error explains.
    if observed.iter().any(is_explanation) {
        observed.retain(|(last_resort, _)| !last_resort);
    }
    let mut found: Vec<Finding> = observed.into_iter().map(|(_, found)| found).collect();
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
            for text in [
                check.title,
                check.explanation,
                check.consequence,
                check.remedy,
                check.provoked_by,
            ] {
                assert!(!text.is_empty(), "{}", check.id);
            }
            assert!(check.reference.starts_with("https://"), "{}", check.id);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), catalogue().count());
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

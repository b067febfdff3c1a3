//! The catalogue: one file per check, each a pure function over an examination.

mod clock_skew;
mod config_broken;
mod config_unreadable;
mod container_throttled;
mod container_token_rejected;
mod credential_process_fails;
mod credential_process_slow;
mod credentials_expired;
mod credentials_expiring;
mod credentials_refused;
mod dns_slow;
mod identities_differ;
mod ignored_variables;
mod imds_black_hole;
mod imds_disabled;
mod imds_hop_limit;
mod imds_no_role;
mod imds_refused;
mod imds_slow;
mod imds_throttled;
mod imds_v1_fallback;
mod no_credentials;
mod no_region;
mod profile_circle;
mod profile_missing;
mod proxy_in_the_way;
mod refresh_margin;
mod region_ambiguous;
mod role_shadowed;
mod sdks_disagree;
mod sts_far;
mod sts_global_endpoint;
mod sts_unreachable;
mod timeout_too_short;
mod token_file_newline;
mod token_file_unreadable;

use std::time::Duration;

use super::check::{Check, Diagnosis, Level};
use super::examination::{Examination, TokenFile};

/// Every check, by what it is about: metadata, containers and tokens, STS, the network, credentials, the
/// configuration.
pub static CATALOGUE: [&Check; 36] = [
    &imds_hop_limit::CHECK,
    &imds_throttled::CHECK,
    &imds_slow::CHECK,
    &imds_black_hole::CHECK,
    &imds_refused::CHECK,
    &imds_disabled::CHECK,
    &imds_no_role::CHECK,
    &imds_v1_fallback::CHECK,
    &container_throttled::CHECK,
    &container_token_rejected::CHECK,
    &token_file_unreadable::CHECK,
    &token_file_newline::CHECK,
    &sts_global_endpoint::CHECK,
    &sts_far::CHECK,
    &dns_slow::CHECK,
    &proxy_in_the_way::CHECK,
    &timeout_too_short::CHECK,
    &refresh_margin::CHECK,
    &credentials_expiring::CHECK,
    &credentials_expired::CHECK,
    &clock_skew::CHECK,
    &credential_process_slow::CHECK,
    &credential_process_fails::CHECK,
    &ignored_variables::CHECK,
    &region_ambiguous::CHECK,
    &identities_differ::CHECK,
    &role_shadowed::CHECK,
    &sdks_disagree::CHECK,
    &config_unreadable::CHECK,
    &config_broken::CHECK,
    &profile_missing::CHECK,
    &profile_circle::CHECK,
    &no_region::CHECK,
    &credentials_refused::CHECK,
    &sts_unreachable::CHECK,
    &no_credentials::CHECK,
];

/// What the checks see, worst first, in the catalogue's order among equals.
#[must_use]
pub fn diagnose(seen: &Examination) -> Vec<Diagnosis> {
    let mut found: Vec<Diagnosis> = CATALOGUE
        .iter()
        .filter_map(|check| {
            let sighting = (check.look)(seen)?;
            Some(Diagnosis { check, sighting })
        })
        .collect();
    let explained = found
        .iter()
        .any(|found| found.sighting.level == Level::Error && !found.check.last_resort);
    found.retain(|found| !(found.check.last_resort && explained));
    found.sort_by_key(|found| std::cmp::Reverse(found.sighting.level));
    found
}

/// The files with tokens that variables name.
fn token_files(seen: &Examination) -> Vec<TokenFile> {
    let container = seen
        .container
        .as_ref()
        .and_then(|endpoint| endpoint.token_file.clone());
    container
        .into_iter()
        .chain(seen.web_identity_file.clone())
        .collect()
}

/// A time to three digits or so, with its unit.
fn shown(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms >= 1000.0 {
        format!("{:.1} s", ms / 1e3)
    } else if ms >= 10.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{ms:.1} ms")
    }
}

/// A time in whole seconds, minutes and hours.
fn lasting(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_whole_and_has_a_name_of_its_own() {
        let mut ids: Vec<&str> = CATALOGUE.iter().map(|check| check.id).collect();
        for check in CATALOGUE {
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
        assert_eq!(ids.len(), CATALOGUE.len());
    }

    #[test]
    fn nothing_known_is_no_reason_for_an_error_but_for_the_lack_of_credentials() {
        let found = diagnose(&Examination::default());
        let errors: Vec<&str> = found
            .iter()
            .filter(|found| found.sighting.level == Level::Error)
            .map(|found| found.check.id)
            .collect();
        assert_eq!(errors, ["no-credentials"]);
    }
}

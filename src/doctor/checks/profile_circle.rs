//! A profile is its own source.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "profile-circle",
    level: Level::Error,
    title: "a profile is its own source",
    explanation: "Following source_profile from the selected profile leads back to a profile that was there before, and none of them has keys to begin with.",
    consequence: "The role cannot be assumed; SDKs report an infinite loop, or recurse until something breaks.",
    remedy: "let the last source_profile name a profile with keys, SSO or a credential_process, or use credential_source",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html",
    provoked_by: "a profile with `source_profile` = itself",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    if !seen.profiles.goes_in_circles() {
        return None;
    }
    Some(Sighting::new(
        Level::Error,
        CHECK.title,
        seen.profiles.path().join(" → "),
    ))
}

//! No Region is configured.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "no-region",
    level: Level::Warning,
    title: "no Region is configured",
    explanation: "Neither AWS_REGION, nor the profile, nor instance metadata names a Region.",
    consequence: "SDKs refuse to make a request, or wait for instance metadata to tell them.",
    remedy: "set AWS_REGION and AWS_DEFAULT_REGION, or `region` in the profile",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html",
    provoked_by: "an empty environment",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    if seen.region.is_some() {
        return None;
    }
    let metadata = match &seen.metadata {
        None => "metadata is switched off",
        Some(_) => "metadata told none",
    };
    let evidence = format!(
        "AWS_REGION and AWS_DEFAULT_REGION are not set, profile {} has no region, {metadata}",
        seen.profiles.selected
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

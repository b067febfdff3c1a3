//! SDKs find different Regions here.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "region-ambiguous",
    level: Level::Warning,
    title: "SDKs find different Regions here",
    explanation: "AWS_REGION and AWS_DEFAULT_REGION are two variables. boto3 reads the second alone, Java, JavaScript and .NET the first alone, Rust and Go both.",
    consequence: "Programs on one machine work in different Regions, or one of them finds none and waits for metadata.",
    remedy: "set both to the same Region, or neither and `region` in the profile",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html",
    provoked_by: "AWS_REGION and AWS_DEFAULT_REGION that differ",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let general = seen.variable("AWS_REGION");
    let default = seen.variable("AWS_DEFAULT_REGION");
    let in_profile = seen
        .profiles
        .current()
        .and_then(|profile| profile.get("region"));
    let shown = |value: Option<&str>| value.unwrap_or("not set").to_owned();
    let differ = match (general, default) {
        (Some(one), Some(other)) => one != other,
        (Some(one), None) | (None, Some(one)) => in_profile.map(String::as_str) != Some(one),
        (None, None) => false,
    };
    // In Lambda the service sets both; elsewhere one alone is common, and harmless until somebody reads the other.
    let level = if general.is_some() && default.is_some() {
        Level::Warning
    } else {
        Level::Info
    };
    let evidence = format!(
        "AWS_REGION is {}, AWS_DEFAULT_REGION {}, the profile's region {}",
        shown(general),
        shown(default),
        shown(in_profile.map(String::as_str)),
    );
    differ.then(|| Sighting::new(level, CHECK.title, evidence))
}

//! The global STS endpoint is used.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "sts-global-endpoint",
    level: Level::Warning,
    title: "the global STS endpoint is used",
    explanation: "sts.amazonaws.com is one endpoint for the world. In Regions that are enabled by default it has been served nearby since April 2025; from opt-in Regions, and by way of its throttle and its failure, it is still us-east-1.",
    consequence: "Each assumed role may cost a trip to another continent, and fails when us-east-1 does.",
    remedy: "set AWS_STS_REGIONAL_ENDPOINTS=regional (or sts_regional_endpoints = regional in the profile), a real Region, and no AWS_ENDPOINT_URL_STS; compare with `awscreds-bench sts --regional`",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-sts-regionalized-endpoints.html",
    provoked_by: "AWS_STS_REGIONAL_ENDPOINTS=legacy",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let endpoint = seen
        .loaded()
        .filter_map(|(_, fetched)| fetched.identity.as_ref()?.service.endpoint.as_deref())
        .find(|endpoint| endpoint.contains("://sts.amazonaws.com"));
    let profile = seen.profiles.current();
    let in_profile = profile.and_then(|profile| profile.get("sts_regional_endpoints"));
    let legacy = |value: &str| value.eq_ignore_ascii_case("legacy");
    let evidence = if let Some(endpoint) = endpoint {
        format!("the SDK resolved {endpoint}")
    } else if seen
        .variable("AWS_STS_REGIONAL_ENDPOINTS")
        .is_some_and(legacy)
    {
        "AWS_STS_REGIONAL_ENDPOINTS is legacy, which SDKs that read it follow".to_owned()
    } else if in_profile.is_some_and(|value| legacy(value)) {
        format!(
            "sts_regional_endpoints of profile {} is legacy",
            seen.profiles.selected
        )
    } else {
        return None;
    };
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

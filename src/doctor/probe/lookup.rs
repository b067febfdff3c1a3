//! How long the name of the STS endpoint takes to become an address.

use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::Patient;
use crate::clock;
use crate::doctor::examination::Lookup;
use crate::doctor::profile::Profiles;

/// Of both lookups together.
const LIMIT: Duration = Duration::from_secs(3);

/// Looks the name up twice: what a first call meets, and whether anything near remembers. Nothing is looked
/// up where names do not matter.
pub(super) async fn probe(
    patient: &Patient,
    region: Option<&str>,
    profiles: &Profiles,
) -> Option<Lookup> {
    let host = host(patient, region?, profiles)?;
    let mut lookup = Lookup {
        host: host.clone(),
        first: Duration::ZERO,
        second: None,
        failed: None,
    };
    let start = clock::now();
    match timeout(LIMIT, lookup_host((host.as_str(), 443))).await {
        Ok(Ok(_)) => lookup.first = clock::since(start),
        Ok(Err(error)) => {
            lookup.first = clock::since(start);
            lookup.failed = Some(error.to_string());
            return Some(lookup);
        }
        Err(_) => {
            lookup.first = LIMIT;
            lookup.failed = Some(format!("no answer within {LIMIT:?}"));
            return Some(lookup);
        }
    }
    let again = clock::now();
    let left = LIMIT.saturating_sub(lookup.first);
    let found = timeout(left, lookup_host((host.as_str(), 443))).await;
    lookup.second = matches!(found, Ok(Ok(_))).then(|| clock::since(again));
    Some(lookup)
}

fn host(patient: &Patient, region: &str, profiles: &Profiles) -> Option<String> {
    if patient.route.is_some() {
        return None;
    }
    let variables = &patient.variables;
    let named = ["AWS_ENDPOINT_URL_STS", "AWS_ENDPOINT_URL"]
        .into_iter()
        .find_map(|name| variables.get(name).filter(|url| !url.is_empty()));
    match named {
        Some(url) => match url::Url::parse(url).ok()?.host()? {
            url::Host::Domain(name) => Some(name.to_owned()),
            _ => None,
        },
        None if is_global(regional_setting(patient, profiles), region) => {
            Some("sts.amazonaws.com".to_owned())
        }
        None => Some(format!("sts.{region}.amazonaws.com")),
    }
}

/// Whether this Region or setting leads SDKs that heed it to the global endpoint.
fn is_global(setting: Option<&str>, region: &str) -> bool {
    region == "aws-global" || setting.is_some_and(|setting| setting.eq_ignore_ascii_case("legacy"))
}

fn regional_setting<'a>(patient: &'a Patient, profiles: &'a Profiles) -> Option<&'a str> {
    let variable = patient.variables.get("AWS_STS_REGIONAL_ENDPOINTS");
    let of_profile = profiles
        .current()
        .and_then(|p| p.get("sts_regional_endpoints"));
    variable.or(of_profile).map(String::as_str)
}

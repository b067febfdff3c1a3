//! How long the name of the STS endpoint takes to become an address.

use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use super::limits::FETCH;
use crate::clock;
use crate::credentials::variable;
use crate::diagnosis::examination::Lookup;
use crate::diagnosis::profile::Profiles;
use crate::diagnosis::subject::Subject;

/// Looks the name up twice, within one limit: what a first call meets, and whether anything near remembers.
/// Nothing is looked up where names do not matter.
pub(super) async fn probe(
    subject: &Subject,
    region: Option<&str>,
    profiles: &Profiles,
) -> Option<Lookup> {
    let mut lookup = Lookup {
        host: host(subject, region?, profiles)?,
        ..Lookup::default()
    };
    (lookup.first, lookup.failed) = timed(&lookup.host, FETCH).await;
    if lookup.failed.is_none() {
        let left = FETCH.saturating_sub(lookup.first);
        let (second, failed) = timed(&lookup.host, left).await;
        lookup.second = failed.is_none().then_some(second);
    }
    Some(lookup)
}

/// How long a lookup took, and why it gave nothing, if it did not.
async fn timed(host: &str, limit: Duration) -> (Duration, Option<String>) {
    let start = clock::now();
    match timeout(limit, lookup_host((host, 443))).await {
        Ok(Ok(_)) => (clock::since(start), None),
        Ok(Err(error)) => (clock::since(start), Some(error.to_string())),
        Err(_) => (limit, Some(format!("no answer within {limit:?}"))),
    }
}

fn host(subject: &Subject, region: &str, profiles: &Profiles) -> Option<String> {
    if subject.route.is_some() {
        return None;
    }
    let set = |name| variable(&subject.variables, name);
    let named = subject.endpoint_url.as_deref();
    let configured = || set("AWS_ENDPOINT_URL_STS").or_else(|| set("AWS_ENDPOINT_URL"));
    if let Some(url) = named.or_else(configured) {
        return match url::Url::parse(url).ok()?.host()? {
            url::Host::Domain(name) => Some(name.to_owned()),
            _ => None,
        };
    }
    let setting =
        set("AWS_STS_REGIONAL_ENDPOINTS").or_else(|| profiles.property("sts_regional_endpoints"));
    let legacy = setting.is_some_and(|setting| setting.eq_ignore_ascii_case("legacy"));
    // SDKs that heed the setting go to the global endpoint.
    Some(if legacy || region == "aws-global" {
        "sts.amazonaws.com".to_owned()
    } else {
        format!("sts.{region}.amazonaws.com")
    })
}

//! STS is far away.

use std::time::Duration;

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "sts-far",
    level: Level::Warning,
    title: "STS is far away",
    explanation: "A call on an open connection is one round trip and the service's own time. Where that takes a tenth of a second, the endpoint is on another continent, or a proxy or VPN leads there.",
    consequence: "Every assumed role and every web identity costs that much more, several times over where connections are new.",
    remedy: "use the endpoint of the Region that this runs in (AWS_REGION), or an interface endpoint for STS in the VPC; compare Regions with `awscreds-bench sts --regional REGION,REGION`",
    reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_region-endpoints.html",
    provoked_by: "a lab scenario with `[sts.regional] delay = \"150ms\"`",
    last_resort: false,
    look,
};

/// Of a call on an open connection.
const FAR: Duration = Duration::from_millis(100);

fn look(seen: &Examination) -> Option<Sighting> {
    let services = seen
        .loaded()
        .filter_map(|(_, fetched)| Some(&fetched.identity.as_ref()?.service));
    let (service, warm) = services
        .filter_map(|service| Some((service, service.warm?)))
        .min_by_key(|(_, warm)| *warm)
        .filter(|(_, warm)| *warm >= FAR)?;
    let evidence = format!(
        "{} at {}: {} on an open connection, {} with a new one",
        service.endpoint.as_deref().unwrap_or("STS"),
        service.address.as_deref().unwrap_or("an unknown address"),
        shown(warm),
        shown(service.first),
    );
    let summary = format!("a call of STS takes {}", shown(warm));
    Some(Sighting::new(Level::Warning, summary, evidence))
}

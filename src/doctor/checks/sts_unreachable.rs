//! STS cannot be reached.

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "sts-unreachable",
    level: Level::Warning,
    title: "STS cannot be reached",
    explanation: "Credentials were found, and nothing came back from STS: no route, no name, a proxy or a firewall, a certificate that is not trusted.",
    consequence: "Roles cannot be assumed and web identities not exchanged; whose the credentials are stays unknown here.",
    remedy: "check proxies, firewall and AWS_CA_BUNDLE; in a VPC without a way out, add an interface endpoint for STS",
    reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_interface_vpc_endpoints.html",
    provoked_by: "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let (_, fetched) = seen.winner()?;
    let identity = fetched.identity.as_ref()?;
    let error = identity.arn.as_ref().err()?;
    if identity.service.ahead_s.is_some() {
        return None;
    }
    let evidence = format!(
        "{} after {}: {error}",
        identity.service.endpoint.as_deref().unwrap_or("STS"),
        shown(identity.service.first),
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

//! What every request needs: a Region, credentials, and an STS that can be reached and accepts them.

use crate::diagnosis::check::{Check, Observation, brief, lines};
use crate::diagnosis::examination::{Examination, LinkState};
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "no-region",
        level: Severity::Warning,
        title: "no Region is configured",
        explanation: "Neither AWS_REGION, nor the profile, nor instance metadata names a Region.",
        consequence: "SDKs refuse to make a request, or wait for instance metadata to tell them.",
        remedy: "name the Region in both variables, or `region` in the profile",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html",
        provoked_by: "an empty environment",
        change: |_| lines(["export AWS_REGION=<region> AWS_DEFAULT_REGION=<region>"]),
        look: no_region,
    },
    Check {
        id: "credentials-refused",
        level: Severity::Error,
        title: "STS does not accept the credentials",
        explanation: "The credentials were found, and STS refuses what is signed with them: the keys were deleted or made inactive, key and secret do not belong together, or the session token is missing.",
        consequence: "Every request is refused.",
        remedy: "check that key, secret and token are of one issue (all three variables together), and that the key is active",
        reference: "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
        provoked_by: "a wrong AWS_SECRET_ACCESS_KEY",
        change: |_| lines(["aws iam list-access-keys"]),
        look: credentials_refused,
    },
    Check {
        id: "sts-unreachable",
        level: Severity::Warning,
        title: "STS cannot be reached",
        explanation: "Credentials were found, and nothing came back from STS: no route, no name, a proxy or a firewall, a certificate that is not trusted.",
        consequence: "Roles cannot be assumed and web identities not exchanged; whose the credentials are stays unknown here.",
        remedy: "check proxies, firewall and AWS_CA_BUNDLE; in a VPC without a way out, add an interface endpoint for STS",
        reference: "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_interface_vpc_endpoints.html",
        provoked_by: "AWS_ENDPOINT_URL_STS=http://127.0.0.1:1",
        change: |_| lines([]),
        look: sts_unreachable,
    },
    Check {
        id: "no-credentials",
        level: Severity::Error,
        title: "no credentials are found",
        explanation: "No link of the chain gave credentials. Where a link is configured and fails, the chain ends there: only a link that has nothing to say lets the next one try.",
        consequence: "Every request fails before it is sent.",
        remedy: "configure one link: AWS_PROFILE and `aws sso login`, or a role for the task, the service account or the instance; measuring with --lab needs no AWS account",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
        provoked_by: "an empty environment with AWS_EC2_METADATA_DISABLED=true",
        change: |_| lines([]),
        look: no_credentials,
    },
];

fn no_region(seen: &Examination) -> Option<Observation> {
    let profile = &seen.profiles.selected;
    let metadata = match &seen.metadata {
        None => "metadata is switched off",
        Some(_) => "metadata told none",
    };
    let evidence = format!(
        "AWS_REGION and AWS_DEFAULT_REGION are not set, profile {profile} has no region, {metadata}"
    );
    seen.region.is_none().then(|| Observation::new(evidence))
}

fn credentials_refused(seen: &Examination) -> Option<Observation> {
    let (link, _) = seen.winner()?;
    let (sts, error) = seen.refusal()?;
    // Without an answer it was not the credentials.
    sts.ahead_s?;
    let evidence = format!("{} at {}: {error}", link.key(), sts.name());
    Some(Observation::new(evidence))
}

fn sts_unreachable(seen: &Examination) -> Option<Observation> {
    let (sts, error) = seen.refusal()?;
    let evidence = format!("{} after {}: {error}", sts.name(), brief(sts.first));
    sts.ahead_s.is_none().then(|| Observation::new(evidence))
}

fn no_credentials(seen: &Examination) -> Option<Observation> {
    let parts = seen.links.iter().map(|link| {
        let what = match &link.state {
            LinkState::Absent(why) | LinkState::Failed(why) => why,
            LinkState::Loaded(_) => "credentials, not reached",
        };
        format!("{}: {what}", link.source.name())
    });
    let parts: Vec<String> = parts.collect();
    let nothing = seen.winner().is_none();
    nothing.then(|| Observation::new(parts.join("; ")))
}

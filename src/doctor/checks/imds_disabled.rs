//! The instance's metadata endpoint is switched off.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "imds-disabled",
    level: Level::Error,
    title: "the instance's metadata endpoint is switched off",
    explanation: "Instance metadata answers 403 to everything, with and without a token: its HTTP endpoint is disabled in the instance's metadata options.",
    consequence: "The instance's role gives no credentials, and the Region is not found there either.",
    remedy: "switch it on (aws ec2 modify-instance-metadata-options --instance-id ID --http-endpoint enabled), or set AWS_EC2_METADATA_DISABLED=true so that nobody asks",
    reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html",
    provoked_by: "lab scenario `imds-disabled`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    if (metadata.token.status(), metadata.v1.status()) != (Some(403), Some(403)) {
        return None;
    }
    let level = if seen.winner().is_some() {
        Level::Info
    } else {
        Level::Error
    };
    let evidence = format!("{} answers 403 with and without a token", metadata.endpoint);
    Some(Sighting::new(level, CHECK.title, evidence))
}

//! Metadata answers without a token, but gives none.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "imds-v1-fallback",
    level: Level::Error,
    title: "metadata answers without a token, but gives none",
    explanation: "The request for a token is refused while version 1 answers. Old imitations of metadata do that. SDKs that may fall back use version 1, which protects nothing; those that may not (Rust, and any with AWS_EC2_METADATA_V1_DISABLED) get nothing.",
    consequence: "Some programs on this machine have credentials and others have none; those that have them can be tricked into handing them out (server-side request forgery).",
    remedy: "replace the imitation by one that knows version 2; on EC2 require it: aws ec2 modify-instance-metadata-options --instance-id ID --http-tokens required",
    reference: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html",
    provoked_by: "lab scenarios `imds-v1-only` and `imds-v1-fallback`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    let v1 = metadata.v1.status().filter(|status| *status < 400)?;
    let refusal = metadata.token.status().filter(|status| *status >= 400)?;
    let level = if seen.winner().is_some() {
        Level::Warning
    } else {
        Level::Error
    };
    let evidence = format!(
        "{}: {refusal} to the request for a token, {v1} to one without",
        metadata.endpoint
    );
    Some(Sighting::new(level, CHECK.title, evidence))
}

//! Variables are set that some SDKs do not read.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "ignored-variables",
    level: Level::Warning,
    title: "variables are set that some SDKs do not read",
    explanation: "Some settings belong to one SDK only. Set for one program, they are trusted to hold for all.",
    consequence: "Programs in other languages run with other timeouts, other credentials or another profile than the variable says.",
    remedy: "say it where every SDK reads it: in the profile, or with the variables that all of them know (AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID)",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html",
    provoked_by: "AWS_METADATA_SERVICE_TIMEOUT=5",
    last_resort: false,
    look,
};

/// Variables with those who read them; the Rust SDK is in none of the lists.
const PARTIAL: [(&str, &str); 11] = [
    ("AWS_METADATA_SERVICE_TIMEOUT", "boto3, the AWS CLI and PHP"),
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "boto3 and the AWS CLI"),
    (
        "AWS_EC2_METADATA_V1_DISABLED",
        "SDKs that fall back to version 1",
    ),
    (
        "AWS_STS_REGIONAL_ENDPOINTS",
        "SDKs that knew the global endpoint",
    ),
    ("AWS_DEFAULT_PROFILE", "boto3 and the AWS CLI"),
    ("AWS_SDK_LOAD_CONFIG", "Go v1 and JavaScript v2"),
    ("AWS_SECURITY_TOKEN", "boto3 and old SDKs"),
    ("AWS_ACCESS_KEY", "Java v1 and Go"),
    ("AWS_SECRET_KEY", "Java v1"),
    ("AMAZON_ACCESS_KEY_ID", "JavaScript v2"),
    ("AWS_CREDENTIAL_FILE", "old boto and Java v1"),
];

fn look(seen: &Examination) -> Option<Sighting> {
    let set: Vec<String> = PARTIAL
        .iter()
        .filter(|(name, _)| seen.variable(name).is_some())
        .map(|(name, readers)| format!("{name} is read by {readers}"))
        .collect();
    if set.is_empty() {
        return None;
    }
    let evidence = format!("{}; the Rust SDK reads none of it", set.join("; "));
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

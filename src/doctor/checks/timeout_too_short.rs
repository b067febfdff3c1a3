//! A source is about as slow as SDKs will wait for it.

use std::time::Duration;

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "timeout-too-short",
    level: Level::Warning,
    title: "a source is about as slow as SDKs will wait for it",
    explanation: "SDKs give a credential source little time: one second for metadata (Rust; boto3 and the AWS CLI by AWS_METADATA_SERVICE_TIMEOUT, with one try), two for the container endpoint (boto3), five (Rust). An answer that usually takes more than half of that will at times take all of it.",
    consequence: "Fetches fail at random, and tries that fail load the source further.",
    remedy: "make the source faster; for boto3 and the AWS CLI set AWS_METADATA_SERVICE_TIMEOUT=5 and AWS_METADATA_SERVICE_NUM_ATTEMPTS=3; elsewhere give the provider's HTTP client longer timeouts",
    reference: "https://github.com/vectordotdev/vector/issues/14671",
    provoked_by: "lab scenario `imds-slow`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata_limit = seen
        .variable("AWS_METADATA_SERVICE_TIMEOUT")
        .and_then(|seconds| seconds.parse().ok())
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .map_or(Duration::from_secs(1), |limit| {
            limit.min(Duration::from_secs(1))
        });
    let limit = |operation: &str| match operation.split(':').next() {
        Some("imds") => Some(metadata_limit),
        Some("container") => Some(Duration::from_secs(2)),
        _ => None,
    };
    let probed = seen.metadata.iter().flat_map(|metadata| {
        let steps = [
            ("imds:token", &metadata.token),
            ("imds:role", &metadata.role),
            ("imds:credentials", &metadata.credentials),
        ];
        steps
            .into_iter()
            .filter_map(|(name, answer)| Some((name.to_owned(), answer.elapsed()?)))
    });
    let by_sdk = seen.links.iter().flat_map(|link| {
        link.slowest
            .iter()
            .map(|(name, time)| (name.clone(), *time))
    });
    let (operation, elapsed, limit) = probed
        .chain(by_sdk)
        .filter_map(|(operation, elapsed)| Some((limit(&operation)?, operation, elapsed)))
        .map(|(limit, operation, elapsed)| (operation, elapsed, limit))
        .filter(|(_, elapsed, limit)| *elapsed * 2 >= *limit)
        .max_by_key(|(_, elapsed, _)| *elapsed)?;
    let evidence = format!(
        "{operation} was answered in {}, and the shortest limit in use is {}",
        shown(elapsed),
        shown(limit)
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

//! A cold credential fetch as a measured call of its own.

use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::outcome::credentials_outcome;
use super::timeline::{self, observe};
use crate::credentials::error_text;
use crate::measure::{IdentityPath, Outcome, Phase, Sample};

/// Fetches credentials from `provider`, giving up after `timeout`. All of it is
/// [`Phase::Identity`]: nothing is signed or sent with them.
pub async fn fetch(provider: &SharedCredentialsProvider, timeout: Duration) -> Sample {
    let fetch = async {
        timeline::write(|t| t.begin_attempt(Phase::Identity));
        let result = tokio::time::timeout(timeout, provider.provide_credentials()).await;
        timeline::write(|t| {
            t.end_attempt();
            t.sample.identity.add(IdentityPath::Load);
        });
        result
    };
    let (result, timeline) = observe(fetch).await;
    let (outcome, error) = match result {
        Ok(Ok(_)) => (Outcome::Ok, None),
        Ok(Err(error)) => (
            credentials_outcome(&error, timeline.fetch_ended),
            Some(error_text(&error)),
        ),
        Err(_) => (
            Outcome::Timeout,
            Some(format!("no credentials within {timeout:?}")),
        ),
    };
    timeline.sample(outcome, error)
}

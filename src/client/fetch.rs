//! A cold credential fetch as a measured call of its own.

use std::error::Error;
use std::future::Future;
use std::time::Duration;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};

use super::outcome::credentials_outcome;
use super::timeline::{self, observe};
use crate::credentials::error_text;
use crate::measure::{IdentityPath, Outcome, Phase, Sample};

/// Fetches credentials from the provider that is made, giving up `timeout` after it was made. All of it, the
/// making included, is [`Phase::Identity`]: nothing is signed or sent with them.
pub async fn fetch<E: Error + 'static>(
    made: impl Future<Output = Result<SharedCredentialsProvider, E>>,
    timeout: Duration,
) -> Sample {
    let fetch = async {
        timeline::write(|t| t.begin_attempt(Phase::Identity));
        let provider = made.await.map_err(|error| error_text(&error))?;
        let result = tokio::time::timeout(timeout, provider.provide_credentials()).await;
        timeline::write(|t| {
            t.end_attempt();
            t.identity(IdentityPath::Load);
        });
        // The provider goes after the call, not in it.
        Ok((result, provider))
    };
    let (result, timeline) = observe(fetch).await;
    let (result, _provider) = match result {
        Ok(fetched) => fetched,
        Err(error) => return timeline::never_sent(error),
    };
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

//! How a call ended, as data.

use std::error::Error;
use std::future::Future;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::timeline::observe;
use crate::credentials::{bounded_text, error_text};
use crate::measure::{Outcome, Sample};

/// Error codes by which services refuse a request for its rate (the SDKs' shared retry specification).
const THROTTLING: &[&str] = &[
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottledException",
    "TooManyRequestsException",
    "ProvisionedThroughputExceededException",
    "TransactionInProgressException",
    "RequestLimitExceeded",
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "RequestThrottled",
    "SlowDown",
    "PriorRequestNotComplete",
    "EC2ThrottledException",
];

/// Makes an instrumented call, and returns it as a sample. As for [`observe`], hand over a boxed future.
pub async fn sampled<T, E, F>(call: F) -> Sample
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: Error + ProvideErrorMetadata + 'static,
{
    let (result, timeline) = observe(call).await;
    let ended = match (&result, outcome(&result)) {
        // No request was sent: what failed was the fetch of credentials.
        (Err(SdkError::DispatchFailure(_)), Outcome::Other) => fetch_outcome(timeline.fetch_ended),
        (_, outcome) => outcome,
    };
    timeline.sample(ended, result.as_ref().err().map(call_error_text))
}

/// The outcome of a failed fetch, from how its last exchange ended.
fn fetch_outcome(last: Option<Outcome>) -> Outcome {
    last.filter(|outcome| *outcome != Outcome::Ok)
        .unwrap_or(Outcome::Other)
}

/// Why a call failed. A service's refusal is its code and message; everything else about it, such as
/// the request's id, is different every time.
pub fn call_error_text<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
    match metadata.map(|meta| (meta.code(), meta.message())) {
        Some((Some(code), Some(message))) => bounded_text(&format!("{code}: {message}")),
        Some((Some(code), None)) => code.to_owned(),
        _ => error_text(error),
    }
}

/// Classifies the end of a call.
pub fn outcome<T, E>(result: &Result<T, SdkError<E, HttpResponse>>) -> Outcome
where
    E: Error + ProvideErrorMetadata + 'static,
{
    let Err(error) = result else {
        return Outcome::Ok;
    };
    match error {
        SdkError::ServiceError(service) => {
            let throttled = service
                .err()
                .code()
                .is_some_and(|code| THROTTLING.contains(&code));
            refusal(service.raw().status().as_u16(), throttled)
        }
        SdkError::ResponseError(response) => refusal(response.raw().status().as_u16(), false),
        SdkError::TimeoutError(_) => Outcome::Timeout,
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .map_or(Outcome::Other, dispatch),
        _ => Outcome::Other,
    }
}

/// How a failed fetch of credentials ended; `last` is how its last exchange did.
#[must_use]
pub fn credentials_outcome(error: &CredentialsError, last: Option<Outcome>) -> Outcome {
    let known = source_outcome(error);
    match (known, last) {
        // A source that does not answer looks to its provider like one that is not there.
        (
            Some(Outcome::Denied),
            Some(met @ (Outcome::Timeout | Outcome::Throttled | Outcome::Connect)),
        ) => met,
        (Some(known), _) => known,
        (None, last) => fetch_outcome(last),
    }
}

fn refusal(status: u16, throttled: bool) -> Outcome {
    match status {
        _ if throttled => Outcome::Throttled,
        429 | 503 => Outcome::Throttled,
        401 | 403 => Outcome::Denied,
        _ => Outcome::Other,
    }
}

fn dispatch(error: &ConnectorError) -> Outcome {
    match source_outcome(error) {
        Some(outcome) => outcome,
        None if error.is_timeout() => Outcome::Timeout,
        None if error.is_io() => Outcome::Connect,
        None => Outcome::Other,
    }
}

/// The outcome that the chain of causes gives away, the deepest telling cause first.
fn source_outcome(error: &(dyn Error + 'static)) -> Option<Outcome> {
    let own = if let Some(error) = error.downcast_ref::<CredentialsError>() {
        match error {
            CredentialsError::CredentialsNotLoaded(_) => Some(Outcome::Denied),
            CredentialsError::ProviderTimedOut(_) => Some(Outcome::Timeout),
            _ => None,
        }
    } else if let Some(error) = error.downcast_ref::<ConnectorError>() {
        if error.is_timeout() {
            Some(Outcome::Timeout)
        } else {
            error.is_io().then_some(Outcome::Connect)
        }
    } else {
        None
    };
    error.source().and_then(source_outcome).or(own)
}

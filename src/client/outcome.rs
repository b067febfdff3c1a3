//! How a call ended, as data.

use std::error::Error;
use std::future::Future;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::{ConnectorError, SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::timeline::observe;
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

/// Characters of an error message that are kept.
const LONGEST_TEXT: usize = 300;

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
        Some((Some(code), Some(message))) => bounded(&format!("{code}: {message}")),
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
pub(super) fn credentials_outcome(error: &CredentialsError, last: Option<Outcome>) -> Outcome {
    match source_outcome(error) {
        // A provider that could not reach its source says that it has nothing, too.
        Some(Outcome::Denied) => last
            .filter(|outcome| *outcome != Outcome::Ok)
            .unwrap_or(Outcome::Denied),
        Some(outcome) => outcome,
        None => fetch_outcome(last),
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

/// The error with its causes, each said once, on one line, bounded, and without what a service may quote
/// of the request: its canonical form holds the session token.
#[must_use]
pub fn error_text(error: &(dyn Error + 'static)) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        let told = parts.iter().any(|part| part.contains(&text));
        if !told && !text.is_empty() {
            parts.push(text);
        }
        cause = error.source();
    }
    bounded(&parts.join(": "))
}

/// One line of at most [`LONGEST_TEXT`] characters, without a quoted canonical request.
fn bounded(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = text.find("The Canonical String").unwrap_or(text.len());
    let mut kept: String = text[..quoted]
        .trim_end()
        .chars()
        .take(LONGEST_TEXT)
        .collect();
    if kept.chars().count() == LONGEST_TEXT {
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{text}")]
    struct Layer {
        text: &'static str,
        source: Option<Box<Layer>>,
    }

    #[test]
    fn causes_are_told_once_and_in_order() {
        let inner = Layer {
            text: "connection refused",
            source: None,
        };
        let middle = Layer {
            text: "connection refused",
            source: Some(inner.into()),
        };
        let outer = Layer {
            text: "dispatch failure",
            source: Some(middle.into()),
        };
        assert_eq!(error_text(&outer), "dispatch failure: connection refused");
    }

    #[test]
    fn a_quoted_canonical_request_is_cut_off() {
        let error = Layer {
            text: "signature mismatch.\n\nThe Canonical String for this request should have been\n'x-amz-security-token:SECRET'",
            source: None,
        };
        assert_eq!(error_text(&error), "signature mismatch.");
    }

    #[test]
    fn long_texts_are_cut() {
        let long: &'static str = "x".repeat(1000).leak();
        assert_eq!(
            error_text(&Layer {
                text: long,
                source: None
            })
            .chars()
            .count(),
            LONGEST_TEXT + 1
        );
    }
}

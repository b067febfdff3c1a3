//! How a call ended, as data.

use std::error::Error;
use std::future::Future;
use std::io::{self, ErrorKind};

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::timeline::observe;
use crate::credentials::{bounded_text, error_text, refusal, unanswered};
use crate::measure::{Outcome, Sample};

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
        SdkError::ServiceError(service) => match service.err().code() {
            Some(code) if THROTTLING_ERRORS.contains(&code) => Outcome::Throttled,
            _ => refusal(service.raw().status().as_u16()),
        },
        SdkError::ResponseError(_) if is_cut(error) => Outcome::Reset,
        SdkError::ResponseError(response) => refusal(response.raw().status().as_u16()),
        SdkError::TimeoutError(_) => Outcome::Timeout,
        SdkError::DispatchFailure(failure) => failure
            .as_connector_error()
            .and_then(|error| source_outcome(error))
            .unwrap_or(Outcome::Other),
        _ => Outcome::Other,
    }
}

/// How a call ended whose response began well, and whose body could not be read to its end.
pub fn body_outcome(error: &(dyn Error + 'static)) -> Outcome {
    if is_cut(error) {
        Outcome::Reset
    } else {
        Outcome::Other
    }
}

/// Whether something could not be read because its connection was reset or closed.
fn is_cut(error: &(dyn Error + 'static)) -> bool {
    let cut = error.downcast_ref().map(io::Error::kind);
    matches!(
        cut,
        Some(
            ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof
        )
    ) || error.source().is_some_and(is_cut)
}

/// How a failed fetch of credentials ended; `last` is how its last exchange did.
pub fn credentials_outcome(error: &CredentialsError, last: Option<Outcome>) -> Outcome {
    match (source_outcome(error), last) {
        // A source that does not answer looks to its provider like one that is not there.
        (
            Some(Outcome::Denied),
            Some(met @ (Outcome::Timeout | Outcome::Throttled | Outcome::Connect | Outcome::Reset)),
        ) => met,
        (Some(known), _) => known,
        (None, last) => fetch_outcome(last),
    }
}

/// The outcome that the chain of causes gives away, the deepest telling cause first.
fn source_outcome(error: &(dyn Error + 'static)) -> Option<Outcome> {
    let own = match error.downcast_ref::<CredentialsError>() {
        Some(CredentialsError::CredentialsNotLoaded(_)) => Some(Outcome::Denied),
        Some(CredentialsError::ProviderTimedOut(_)) => Some(Outcome::Timeout),
        Some(_) => None,
        None => error.downcast_ref().and_then(unanswered),
    };
    error.source().and_then(source_outcome).or(own)
}

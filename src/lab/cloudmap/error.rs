//! Errors in the words of the service, as JSON 1.1.

use http::{HeaderName, StatusCode};
use serde_json::json;

use crate::lab::issuer::Unusable;
use crate::lab::reply::{Problem, Response, header, reply};
use crate::lab::sigv4::Refused;

pub(super) const CONTENT_TYPE: &str = "application/x-amz-json-1.1";
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");

/// An error as the service words it (AWS Cloud Map API Reference, the operations' own pages and
/// "Common Errors").
#[derive(Debug, PartialEq, Eq)]
pub(super) struct CloudMapError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl CloudMapError {
    /// The client's fault, as all errors of the operations are.
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code,
            message: message.into(),
        }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new("InvalidInput", message)
    }
}

impl From<Refused> for CloudMapError {
    fn from(refused: Refused) -> Self {
        let code = match refused {
            Refused::Missing => "MissingAuthenticationTokenException",
            Refused::Incomplete(_) => "IncompleteSignatureException",
            Refused::Expired { .. }
            | Refused::NotYetCurrent { .. }
            | Refused::Scope(_)
            | Refused::Mismatch => "InvalidSignatureException",
        };
        Self::new(code, refused.to_string())
    }
}

impl From<Unusable> for CloudMapError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::UnknownKey | Unusable::WrongToken => Self::new(
                "UnrecognizedClientException",
                "The security token included in the request is invalid.",
            ),
            Unusable::Expired => Self::new(
                "ExpiredTokenException",
                "The security token included in the request is expired",
            ),
        }
    }
}

pub(super) fn failure(error: &CloudMapError, request_id: &str) -> Response {
    let body = json!({"__type": error.code, "message": error.message});
    let mut response = reply(error.status, CONTENT_TYPE, body.to_string());
    header(&mut response, REQUEST_ID, request_id);
    header(
        &mut response,
        HeaderName::from_static("x-amzn-errortype"),
        error.code,
    );
    response
}

/// The service's error for a rule. Cloud Map refuses for the rate with 400 and a code of its own, where
/// a scenario says 429.
pub(in crate::lab) fn rule_failure(status: StatusCode, why: Problem, request_id: &str) -> Response {
    let (status, code, message) = match (why, status) {
        (Problem::Throttled, StatusCode::TOO_MANY_REQUESTS) => (
            StatusCode::BAD_REQUEST,
            "RequestLimitExceeded",
            "The operation can't be completed because you've reached the quota for the number of \
             requests.",
        ),
        (Problem::Throttled, status) => (status, "ServiceUnavailable", "Rate exceeded"),
        (Problem::Fault, status) => (
            status,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
    };
    let error = CloudMapError {
        status,
        code,
        message: message.to_owned(),
    };
    failure(&error, request_id)
}

/// The error for a body that is larger than any request of this service.
pub(in crate::lab) fn too_large() -> Response {
    let error = CloudMapError {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        ..CloudMapError::new("RequestEntityTooLarge", "Request body is too large")
    };
    failure(&error, "")
}

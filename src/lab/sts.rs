//! The Security Token Service: Query protocol in, XML out.
//!
//! Errors and their order follow the real service as far as its documentation and its users'
//! reports show it ("Common errors" and the operations' own pages of the STS API Reference).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::StatusCode;
use http::request::Parts;
use time::OffsetDateTime;
use time::macros::format_description;

use super::caller::caller;
use super::issuer::{Credentials, Issuer, Principal, Unusable};
use super::reply::{Problem, Response, escape_xml, header, reply};
use super::seal::Seal;
use super::sigv4;
use super::stage::Turn;
use super::sts_arguments::{RoleRequest, session_duration};
use super::web_identity;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
const REQUEST_ID: http::HeaderName = http::HeaderName::from_static("x-amzn-requestid");

/// An error as the service words it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StsError {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl StsError {
    pub(super) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST),
            code,
            message: message.into(),
        }
    }
}

impl From<sigv4::Refused> for StsError {
    fn from(refused: sigv4::Refused) -> Self {
        use sigv4::Refused;
        let (status, code) = match refused {
            Refused::Missing => (403, "MissingAuthenticationToken"),
            Refused::Incomplete(_) => (400, "IncompleteSignature"),
            Refused::Expired { .. }
            | Refused::NotYetCurrent { .. }
            | Refused::Scope(_)
            | Refused::Mismatch => (403, "SignatureDoesNotMatch"),
        };
        Self::new(status, code, refused.to_string())
    }
}

impl From<Unusable> for StsError {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::UnknownKey | Unusable::WrongToken => Self::new(
                403,
                "InvalidClientTokenId",
                "The security token included in the request is invalid.",
            ),
            Unusable::Expired => Self::new(
                403,
                "ExpiredToken",
                "The security token included in the request is expired",
            ),
        }
    }
}

/// A request with its body read.
pub(super) struct Call {
    pub(super) parts: Parts,
    pub(super) body: Bytes,
    pub(super) parameters: BTreeMap<String, String>,
}

impl Call {
    /// Parameters come from the form, or from the query of a GET.
    pub(super) fn new(parts: Parts, body: Bytes) -> Self {
        let form = if body.is_empty() {
            parts.uri.query().unwrap_or_default().as_bytes()
        } else {
            &body
        };
        let parameters = url::form_urlencoded::parse(form).into_owned().collect();
        Self {
            parts,
            body,
            parameters,
        }
    }

    fn action(&self) -> &str {
        self.parameters.get("Action").map_or("", String::as_str)
    }

    /// The name that the operation is counted under.
    pub(super) fn operation(&self) -> &'static str {
        match self.action() {
            "GetCallerIdentity" => "sts:GetCallerIdentity",
            "AssumeRole" => "sts:AssumeRole",
            "AssumeRoleWithWebIdentity" => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:other",
        }
    }
}

/// The service. `lifetime` is the scenario's, and caps what a caller asks for.
pub(super) struct Sts<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) seal: &'a Seal,
    /// The Region that callers must sign for.
    pub(super) region: &'a str,
    pub(super) lifetime: Duration,
}

impl Sts<'_> {
    /// Judges the request by the time of its arrival, and answers when its turn has come.
    pub(super) async fn answer(&self, turn: Turn<'_>, call: &Call) -> Response {
        let judged = self.judge(call, turn.arrived);
        turn.due().await;
        match judged {
            Ok(granted) => success(
                call.action(),
                &self.result(granted, crate::clock::wall()),
                &turn.request_id,
            ),
            Err(error) => failure(&error, &turn.request_id),
        }
    }

    fn judge(&self, call: &Call, now: SystemTime) -> Result<Granted, StsError> {
        match call.action() {
            "GetCallerIdentity" => Ok(Granted::Identity(self.caller(call, now)?)),
            "AssumeRole" => {
                let caller = self.caller(call, now)?;
                let role = RoleRequest::read(&call.parameters)?;
                let duration =
                    session_duration(&call.parameters, caller.arn.contains(":assumed-role/"))?;
                Ok(Granted::Role(role, duration))
            }
            "AssumeRoleWithWebIdentity" => {
                let role = RoleRequest::read(&call.parameters)?;
                let duration = session_duration(&call.parameters, false)?;
                let token = call.parameters.get("WebIdentityToken");
                let token = token.map_or("", String::as_str);
                let identity =
                    web_identity::verify(self.seal, token, now).map_err(identity_refused)?;
                Ok(Granted::WebIdentity(role, duration, identity))
            }
            other => Err(StsError::new(
                400,
                "InvalidAction",
                format!("Could not find operation {other} for version 2011-06-15"),
            )),
        }
    }

    /// Whoever signed the request.
    fn caller(&self, call: &Call, now: SystemTime) -> Result<Principal, StsError> {
        let request = sigv4::Request {
            method: call.parts.method.as_str(),
            path: call.parts.uri.path(),
            query: call.parts.uri.query().unwrap_or_default(),
            headers: &call.parts.headers,
            body: &call.body,
        };
        caller(self.issuer, &request, self.region, "sts", now)
    }

    fn result(&self, granted: Granted, now: SystemTime) -> String {
        match granted {
            Granted::Identity(caller) => format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                escape_xml(&caller.arn),
                escape_xml(&caller.user_id),
                escape_xml(caller.account())
            ),
            Granted::Role(role, duration) => self.session(&role, duration, now),
            Granted::WebIdentity(role, duration, identity) => format!(
                "{}<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{}\
                 </Audience><Provider>{}</Provider>",
                self.session(&role, duration, now),
                escape_xml(&identity.sub),
                escape_xml(&identity.aud.join(" ")),
                escape_xml(&identity.iss)
            ),
        }
    }

    /// New credentials for a role, which live no longer than the scenario allows.
    fn session(&self, role: &RoleRequest, duration: Duration, now: SystemTime) -> String {
        let principal = self
            .issuer
            .role_session(&role.account, &role.name, &role.session);
        let issued = self
            .issuer
            .issue(principal.clone(), now, duration.min(self.lifetime));
        format!(
            "{}<AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
            credentials_xml(&issued),
            escape_xml(&principal.user_id),
            escape_xml(&principal.arn)
        )
    }
}

/// What a good request is granted.
enum Granted {
    Identity(Principal),
    Role(RoleRequest, Duration),
    WebIdentity(RoleRequest, Duration, web_identity::Identity),
}

fn identity_refused(refused: web_identity::Refused) -> StsError {
    match refused {
        web_identity::Refused::Garbled => StsError::new(
            400,
            "InvalidIdentityToken",
            "The web identity token provided could not be validated",
        ),
        web_identity::Refused::Expired => StsError::new(
            400,
            "ExpiredTokenException",
            "Token expired: current date/time must be before the expiration date/time",
        ),
    }
}

fn credentials_xml(credentials: &Credentials) -> String {
    format!(
        "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
         <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>",
        credentials.access_key_id,
        escape_xml(&credentials.secret_access_key),
        escape_xml(credentials.session_token.as_deref().unwrap_or_default()),
        credentials.expires.map(instant).unwrap_or_default()
    )
}

/// A time as AWS writes it: `2026-11-20T12:00:00Z`.
pub(super) fn instant(time: SystemTime) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    OffsetDateTime::from(time)
        .format(format)
        .unwrap_or_default()
}

fn success(action: &str, result: &str, request_id: &str) -> Response {
    let body = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result>{result}</{action}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n\
         </{action}Response>\n"
    );
    let mut response = reply(StatusCode::OK, "text/xml", body);
    header(&mut response, REQUEST_ID, request_id);
    response
}

fn failure(error: &StsError, request_id: &str) -> Response {
    let fault = if error.status.is_server_error() {
        "Receiver"
    } else {
        "Sender"
    };
    let body = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\">\n  <Error>\n    <Type>{fault}</Type>\n    \
         <Code>{}</Code>\n    <Message>{}</Message>\n  </Error>\n  \
         <RequestId>{request_id}</RequestId>\n</ErrorResponse>\n",
        error.code,
        escape_xml(&error.message)
    );
    let mut response = reply(error.status, "text/xml", body);
    header(&mut response, REQUEST_ID, request_id);
    response
}

/// The service's error for a rule.
pub(super) fn rule_failure(status: StatusCode, why: Problem, request_id: &str) -> Response {
    let (code, message) = match (why, status.as_u16()) {
        (Problem::Throttled, _) => ("Throttling", "Rate exceeded"),
        (Problem::Fault, 403) => ("AccessDenied", "Access denied by the scenario"),
        (Problem::Fault, 503) => (
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        ),
        (Problem::Fault, _) => (
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
    };
    let error = StsError::new(status.as_u16(), code, message);
    failure(&error, request_id)
}

/// The error for a body that is larger than any request of this service.
pub(super) fn too_large() -> Response {
    let error = StsError::new(413, "RequestEntityTooLarge", "Request body is too large");
    failure(&error, "")
}

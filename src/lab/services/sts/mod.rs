//! The Security Token Service: Query protocol in, XML out.
//!
//! Errors and their order follow the real service as far as its documentation and its users'
//! reports show it ("Common errors" and the operations' own pages of the STS API Reference).

mod arguments;
pub(in crate::lab) mod web_identity;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use url::form_urlencoded;

use self::arguments::{Parameters, RoleRequest};
use self::web_identity::Identity;
use crate::lab::authentication::{AuthenticationError, authenticate};
use crate::lab::issuer::{CredentialsError, Principal};
use crate::lab::response::{ApiError, Response, escape_xml, header, iso_8601, response};
use crate::lab::rules::RuleEvaluator;
use crate::lab::scenario::{Scenario, is_region};
use crate::lab::service::{
    Destination, ErrorCause, Operation, REQUEST_ID, Request, RequestContext, Service,
};
use crate::lab::sigv4::SignatureError;
use crate::lab::state::LabState;

const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";
/// What the SDKs' endpoint rules call the global endpoint, as if it were a Region.
const GLOBAL: &str = "aws-global";
/// The Region that callers of the global endpoint sign for.
const GLOBAL_SIGNING_REGION: &str = "us-east-1";
/// The media type of what POST brings.
const FORM: &[u8] = b"application/x-www-form-urlencoded";
/// Bytes in the body of a request: policies and tokens fit many times over.
const LARGEST_BODY: usize = 256 * 1024;
/// Regions with rules and a throttle of their own; beyond this they share one.
const MOST_REGIONS: usize = 256;

pub(in crate::lab) struct Sts {
    state: Arc<LabState>,
    /// By Region, [`GLOBAL`] among them. They keep their state from call to call.
    rules: Mutex<HashMap<String, Arc<RuleEvaluator>>>,
}

#[async_trait::async_trait]
impl Service for Sts {
    fn claims<'a>(&'a self, destination: &Destination<'a>) -> Option<&'a str> {
        match destination {
            Destination::Host("sts") => Some(GLOBAL),
            Destination::Host(name) => name.strip_prefix("sts.").filter(|name| is_region(name)),
            Destination::Scope {
                service: "sts",
                region,
            } => Some(region),
            Destination::Scope { .. } => None,
            Destination::Form(head) => {
                let kind = head.headers.get(CONTENT_TYPE);
                let form = kind.is_some_and(|kind| kind.as_bytes().starts_with(FORM));
                let mut query = head.uri.query().unwrap_or_default().split('&');
                let asks = head.uri.path() == "/" && query.any(|pair| pair.starts_with("Action="));
                let ours = (head.method == Method::POST && form) || asks;
                ours.then_some(&self.state.scenario.region)
            }
        }
    }

    fn body_limit(&self) -> Option<usize> {
        Some(LARGEST_BODY)
    }

    fn operation(&self, request: &Request) -> Operation {
        let action = parameters(request).filter(|(name, _)| name == "Action");
        let name = match action.last().as_ref().map(|(_, action)| action.as_ref()) {
            Some("GetCallerIdentity") => "sts:GetCallerIdentity",
            Some("AssumeRole") => "sts:AssumeRole",
            Some("AssumeRoleWithWebIdentity") => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:other",
        };
        let rules = self.rules(&request.region);
        Operation { name, rules }
    }

    /// Judges the request by the time of its arrival.
    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response {
        let parameters: Parameters = parameters(&request).into_owned().collect();
        let action = parameters.get("Action").map_or("", String::as_str);
        let judged = self.judge(action, &parameters, &request, context.arrived);
        context.due().await;
        match judged {
            Ok(granted) => {
                let result = self.result(granted, self.state.now());
                success(action, &result, &context.request_id)
            }
            Err(error) => failure(&error, &context.request_id),
        }
    }

    fn error(&self, status: StatusCode, cause: ErrorCause, request_id: &str) -> Response {
        let (code, message) = match (cause, status.as_u16()) {
            (ErrorCause::TooLarge, _) => ("RequestEntityTooLarge", "Request body is too large"),
            (ErrorCause::Throttled, _) => ("Throttling", "Rate exceeded"),
            (ErrorCause::Fault, 403) => ("AccessDenied", "Access denied by the scenario"),
            (ErrorCause::Fault, 503) => (
                "ServiceUnavailable",
                "The request has failed due to a temporary failure of the server.",
            ),
            (ErrorCause::Fault, _) => (
                "InternalFailure",
                "The request processing has failed because of an unknown error, exception or failure.",
            ),
        };
        failure(&ApiError::new(status, code, message), request_id)
    }
}

impl Sts {
    pub(in crate::lab) fn new(state: &Arc<LabState>) -> Self {
        let Scenario { sts, seed, .. } = &state.scenario;
        let global = RuleEvaluator::new(sts.global, *seed, "sts global", &[]);
        Self {
            rules: Mutex::new([(GLOBAL.to_owned(), Arc::new(global))].into()),
            state: Arc::clone(state),
        }
    }

    fn rules(&self, region: &str) -> Arc<RuleEvaluator> {
        let mut by_region = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let full = by_region.len() > MOST_REGIONS && !by_region.contains_key(region);
        let shared_by = if full { "every further Region" } else { region };
        let rules = by_region.entry(shared_by.to_owned()).or_insert_with(|| {
            let scenario = &self.state.scenario;
            let (rules, name) = (scenario.sts.of(region), format!("sts {region}"));
            Arc::new(RuleEvaluator::new(rules, scenario.seed, &name, &[]))
        });
        Arc::clone(rules)
    }

    fn judge(
        &self,
        action: &str,
        parameters: &Parameters,
        request: &Request,
        now: SystemTime,
    ) -> Result<Granted, ApiError> {
        match action {
            "GetCallerIdentity" => Ok(Granted::Identity(self.caller(request, now)?)),
            "AssumeRole" => {
                let caller = self.caller(request, now)?;
                let chained = caller.arn.contains(":assumed-role/");
                Ok(Granted::Role(RoleRequest::read(parameters, chained)?))
            }
            "AssumeRoleWithWebIdentity" => {
                let role = RoleRequest::read(parameters, false)?;
                let token = parameters.get("WebIdentityToken");
                let token = token.map_or("", String::as_str);
                let identity = web_identity::verify(&self.state.key, token, now)?;
                Ok(Granted::WebIdentity(role, identity))
            }
            other => {
                let message = format!("Could not find operation {other} for version 2011-06-15");
                Err(ApiError::bad_request("InvalidAction", message))
            }
        }
    }

    /// Whoever signed the request.
    fn caller(&self, request: &Request, now: SystemTime) -> Result<Principal, ApiError> {
        let region = match request.region.as_str() {
            GLOBAL => GLOBAL_SIGNING_REGION,
            region => region,
        };
        let signer = authenticate(&self.state.issuer, request, "sts", region, now);
        signer.map_err(|error| refused(&error))
    }

    fn result(&self, granted: Granted, now: SystemTime) -> String {
        match granted {
            Granted::Identity(caller) => format!(
                "<Arn>{}</Arn><UserId>{}</UserId><Account>{}</Account>",
                escape_xml(&caller.arn),
                escape_xml(&caller.user_id),
                escape_xml(caller.account())
            ),
            Granted::Role(role) => self.session(&role, now),
            Granted::WebIdentity(role, identity) => format!(
                "{}<SubjectFromWebIdentityToken>{}</SubjectFromWebIdentityToken><Audience>{}\
                 </Audience><Provider>{}</Provider>",
                self.session(&role, now),
                escape_xml(&identity.sub),
                escape_xml(&identity.aud.join(" ")),
                escape_xml(&identity.iss)
            ),
        }
    }

    /// New credentials for a role, which live no longer than the scenario allows.
    fn session(&self, role: &RoleRequest, now: SystemTime) -> String {
        let issuer = &self.state.issuer;
        let principal = issuer.role_session(&role.account, &role.name, &role.session);
        let lifetime = role.duration.min(self.state.scenario.credentials.lifetime);
        let credentials = issuer.issue(principal.clone(), now, lifetime);
        format!(
            "<Credentials><AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey>\
             <SessionToken>{}</SessionToken><Expiration>{}</Expiration></Credentials>\
             <AssumedRoleUser><AssumedRoleId>{}</AssumedRoleId><Arn>{}</Arn></AssumedRoleUser>",
            credentials.access_key_id,
            escape_xml(&credentials.secret_access_key),
            escape_xml(credentials.session_token.as_deref().unwrap_or_default()),
            credentials.expires.map(iso_8601).unwrap_or_default(),
            escape_xml(&principal.user_id),
            escape_xml(&principal.arn)
        )
    }
}

/// What a good request is granted.
enum Granted {
    Identity(Principal),
    Role(RoleRequest),
    WebIdentity(RoleRequest, Identity),
}

/// The parameters of the form, or of the query of a GET.
fn parameters(request: &Request) -> form_urlencoded::Parse<'_> {
    form_urlencoded::parse(match request.bytes() {
        [] => request.query().as_bytes(),
        body => body,
    })
}

fn refused(error: &AuthenticationError) -> ApiError {
    use AuthenticationError::{Credentials, Signature};
    let (status, code) = match error {
        Signature(SignatureError::Missing) => (StatusCode::FORBIDDEN, "MissingAuthenticationToken"),
        Signature(error) if error.is_malformed() => {
            (StatusCode::BAD_REQUEST, "IncompleteSignature")
        }
        Signature(_) => (StatusCode::FORBIDDEN, "SignatureDoesNotMatch"),
        Credentials(CredentialsError::Expired) => (StatusCode::FORBIDDEN, "ExpiredToken"),
        Credentials(_) => (StatusCode::FORBIDDEN, "InvalidClientTokenId"),
    };
    ApiError::new(status, code, error.to_string())
}

fn success(action: &str, result: &str, request_id: &str) -> Response {
    let body = format!(
        "<{action}Response xmlns=\"{NAMESPACE}\">\n  <{action}Result>{result}</{action}Result>\n  \
         <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n\
         </{action}Response>\n"
    );
    xml(StatusCode::OK, body, request_id)
}

fn failure(error: &ApiError, request_id: &str) -> Response {
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
    xml(error.status, body, request_id)
}

fn xml(status: StatusCode, body: String, request_id: &str) -> Response {
    let mut response = response(status, "text/xml", body);
    header(&mut response, REQUEST_ID, request_id);
    response
}

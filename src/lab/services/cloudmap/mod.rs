//! AWS Cloud Map: JSON 1.1 in and out over a registry in memory, a DNS view of it, and the servers
//! that it knows from the start.
//!
//! Rules from the AWS Cloud Map API Reference and Developer Guide. What is registered is there at once;
//! `GetOperation` always finds success. One registry serves every Region's endpoint.

mod discover;
mod dns;
pub(in crate::lab) mod grpc;
mod operations;
mod registry;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderName, StatusCode};
use serde_json::{Value, json};

use self::grpc::GrpcServer;
use self::operations::Call;
pub use self::registry::{NAMESPACE, SERVICE};
use self::registry::{Namespace, NamespaceKind, Registry, Result, ServiceForm, TTL};
use crate::clock;
use crate::lab::authentication::{AuthenticationError, authenticate};
use crate::lab::issuer::CredentialsError;
use crate::lab::response::{ApiError, Response, header, response};
use crate::lab::rules::{RuleEvaluator, Rules};
use crate::lab::scenario::is_region;
use crate::lab::service::{
    Destination, ErrorCause, Operation, REQUEST_ID, Request, RequestContext, Service, rules_within,
};
use crate::lab::sigv4::SignatureError;
use crate::lab::state::LabState;

/// What the `X-Amz-Target` header names before the operation.
const TARGET_PREFIX: &str = "Route53AutoNaming_v20170314.";
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// Bytes in the body of a request: attributes fit many times over.
const LARGEST_BODY: usize = 256 * 1024;

pub(in crate::lab) struct CloudMap {
    state: Arc<LabState>,
    registry: Mutex<Registry>,
    /// Of `DiscoverInstances`, of `DiscoverInstancesRevision` and of all other operations.
    rules: [Arc<RuleEvaluator>; 3],
    dns_rules: RuleEvaluator,
}

#[async_trait::async_trait]
impl Service for CloudMap {
    fn claims<'a>(&'a self, destination: &Destination<'a>) -> Option<&'a str> {
        match destination {
            // Operations on instances go to `data-` before the service's own name.
            Destination::Host(name) => {
                let name = name.strip_prefix("data-").unwrap_or(name);
                name.strip_prefix("servicediscovery.")
                    .filter(|name| is_region(name))
            }
            Destination::Scope {
                service: "servicediscovery",
                region,
            } => Some(region),
            Destination::Scope { .. } => None,
            Destination::Form(head) => {
                let target = head.headers.get("x-amz-target")?.as_bytes();
                let ours = target.starts_with(TARGET_PREFIX.as_bytes());
                ours.then_some(&self.state.scenario.region)
            }
        }
    }

    fn body_limit(&self) -> Option<usize> {
        Some(LARGEST_BODY)
    }

    fn operation(&self, request: &Request) -> Operation {
        let name = operations::find(target(request)).map_or("cloudmap:other", |(name, _)| name);
        let [discover, revision, other] = &self.rules;
        let rules = match name {
            "cloudmap:DiscoverInstances" => discover,
            "cloudmap:DiscoverInstancesRevision" => revision,
            _ => other,
        };
        let rules = Arc::clone(rules);
        Operation { name, rules }
    }

    /// Judges the request by the time of its arrival, and does what it asks when its response is due.
    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response {
        let (issuer, region, now) = (&self.state.issuer, &request.region, context.arrived);
        let signer = authenticate(issuer, &request, "servicediscovery", region, now);
        context.due().await;
        let result = signer.map_err(|error| refused(&error)).and_then(|_| {
            let target = target(&request);
            let (_, run) = operations::find(target).ok_or_else(|| {
                let message = format!("The lab does not know the operation `{target}`");
                ApiError::bad_request("UnknownOperationException", message)
            })?;
            run(&mut Call {
                registry: &mut self.registry(),
                body: request.bytes(),
                region,
                now: clock::wall(),
            })
        });
        match result {
            Ok(result) => json_1_1(StatusCode::OK, &result, &context.request_id),
            Err(error) => failure(&error, &context.request_id),
        }
    }

    /// Cloud Map refuses for the rate with 400 and a code of its own, where a scenario says 429.
    fn error(&self, status: StatusCode, cause: ErrorCause, request_id: &str) -> Response {
        let (status, code, message) = match (cause, status) {
            (ErrorCause::TooLarge, _) => {
                (status, "RequestEntityTooLarge", "Request body is too large")
            }
            (ErrorCause::Throttled, StatusCode::TOO_MANY_REQUESTS) => (
                StatusCode::BAD_REQUEST,
                "RequestLimitExceeded",
                "The operation can't be completed because you've reached the quota for the number of \
                 requests.",
            ),
            (ErrorCause::Throttled, _) => (status, "ServiceUnavailable", "Rate exceeded"),
            (ErrorCause::Fault, _) => (
                status,
                "InternalFailure",
                "The request processing has failed because of an unknown error, exception or failure.",
            ),
        };
        failure(&ApiError::new(status, code, message), request_id)
    }
}

impl CloudMap {
    pub(in crate::lab) fn new(state: &Arc<LabState>) -> Self {
        let (seed, scenario) = (state.scenario.seed, &state.scenario.cloudmap);
        let operations = [
            ("cloudmap:discover", scenario.discover),
            ("cloudmap:revision", scenario.revision),
            ("cloudmap:other", Rules::default()),
        ];
        Self {
            state: Arc::clone(state),
            registry: Mutex::new(Registry::new(seed)),
            rules: rules_within(scenario.rules, seed, operations),
            dns_rules: RuleEvaluator::new(scenario.dns, seed, "cloudmap:dns", &[]),
        }
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the lab's own service, with these servers. A new registry has room for them.
    pub(in crate::lab) fn register(&self, servers: &[GrpcServer]) -> Result<()> {
        let (mut registry, created) = (self.registry(), clock::wall());
        let namespace_id = registry.create_namespace(Namespace {
            name: NAMESPACE.to_owned(),
            kind: NamespaceKind::DnsPrivate,
            description: Some("The service that the lab brings".to_owned()),
            created,
        })?;
        let form = ServiceForm {
            name: SERVICE.to_owned(),
            namespace_id,
            dns_config: Some(json!({
                "RoutingPolicy": "MULTIVALUE",
                "DnsRecords": [{"Type": "A", "TTL": TTL}, {"Type": "SRV", "TTL": TTL}],
            })),
            health_check_custom_config: Some(json!({"FailureThreshold": 1})),
            ..ServiceForm::default()
        };
        let service = registry.create_service(form, created)?;
        let mut servers = servers.iter();
        servers.try_for_each(|server| {
            registry.register(&service, &server.id, server.attributes(&self.state))
        })
    }
}

/// The operation that a request names.
fn target(request: &Request) -> &str {
    let target = request.head.headers.get("x-amz-target");
    let target = target.and_then(|target| target.to_str().ok()?.strip_prefix(TARGET_PREFIX));
    target.unwrap_or_default()
}

fn refused(error: &AuthenticationError) -> ApiError {
    use AuthenticationError::{Credentials, Signature};
    let code = match error {
        Signature(SignatureError::Missing) => "MissingAuthenticationTokenException",
        Signature(error) if error.is_malformed() => "IncompleteSignatureException",
        Signature(_) => "InvalidSignatureException",
        Credentials(CredentialsError::Expired) => "ExpiredTokenException",
        Credentials(_) => "UnrecognizedClientException",
    };
    ApiError::bad_request(code, error.to_string())
}

fn failure(error: &ApiError, request_id: &str) -> Response {
    let body = json!({"__type": error.code, "message": error.message});
    let mut response = json_1_1(error.status, &body, request_id);
    header(&mut response, ERROR_TYPE, error.code);
    response
}

fn json_1_1(status: StatusCode, body: &Value, request_id: &str) -> Response {
    let mut response = response(status, "application/x-amz-json-1.1", body.to_string());
    header(&mut response, REQUEST_ID, request_id);
    response
}

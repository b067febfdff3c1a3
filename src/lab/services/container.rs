//! The endpoints that ECS and EKS give their containers: credentials, and the metadata of the task (version 4),
//! where it learns its zone.
//!
//! Credentials come in the full-URI form with a token, as the EKS Pod Identity agent serves it and as the
//! SDKs' container provider asks for it: the `Authorization` header is the token and nothing else.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::json;

use crate::lab::issuer::ACCOUNT;
use crate::lab::response::{Response, iso_8601, response};
use crate::lab::role_credentials::RoleCredentials;
use crate::lab::rules::RuleEvaluator;
use crate::lab::service::{Destination, ErrorCause, Operation, Request, RequestContext, Service};
use crate::lab::state::{CALLERS_ZONE, LabState};

/// Where the credentials are, on the lab's main address.
pub(in crate::lab) const PATH: &str = "/v1/credentials";
/// Where the metadata are: what `ECS_CONTAINER_METADATA_URI_V4` ends in.
pub(in crate::lab) const METADATA_PATH: &str = "/v4/awscreds-bench-task-1";
/// The lab's task, which is also its role session's name.
const TASK: &str = "awscreds-bench-task-1";
/// The role of the lab's container.
const ROLE: &str = "awscreds-bench-task";

pub(in crate::lab) struct Container {
    state: Arc<LabState>,
    credentials: RoleCredentials,
    rules: Arc<RuleEvaluator>,
}

#[async_trait::async_trait]
impl Service for Container {
    fn claims<'a>(&'a self, destination: &Destination<'a>) -> Option<&'a str> {
        let Destination::Form(head) = destination else {
            return None;
        };
        let path = head.uri.path();
        let ours = path == PATH || path.starts_with(METADATA_PATH);
        ours.then_some(&self.state.scenario.region)
    }

    fn operation(&self, request: &Request) -> Operation {
        Operation {
            name: match request.path() {
                PATH => "container:credentials",
                _ => "container:metadata",
            },
            rules: Arc::clone(&self.rules),
        }
    }

    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response {
        let refusal = self.refusal(&request.head);
        context.due().await;
        match request.path() {
            PATH => refusal.unwrap_or_else(|| self.credentials()),
            path => self.metadata(path),
        }
    }

    fn error(&self, status: StatusCode, cause: ErrorCause, _: &str) -> Response {
        match cause {
            ErrorCause::Throttled => error(status, "ThrottlingException", "Rate exceeded"),
            _ => error(status, "InternalServerException", "Failed by the scenario"),
        }
    }
}

impl Container {
    pub(in crate::lab) fn new(state: &Arc<LabState>) -> Self {
        let scenario = &state.scenario;
        let session = state.issuer.role_session(ACCOUNT, ROLE, TASK);
        let rules = RuleEvaluator::new(scenario.container.rules, scenario.seed, "container", &[]);
        Self {
            credentials: RoleCredentials::new(session, scenario.credentials),
            rules: Arc::new(rules),
            state: Arc::clone(state),
        }
    }

    fn credentials(&self) -> Response {
        let (_, current) = self
            .credentials
            .current(&self.state.issuer, self.state.now());
        let body = json!({
            "AccessKeyId": current.access_key_id,
            "SecretAccessKey": current.secret_access_key,
            "Token": current.session_token,
            "Expiration": current.expires.map(iso_8601),
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
            "AccountId": ACCOUNT,
        });
        response(StatusCode::OK, "application/json", body.to_string())
    }

    fn refusal(&self, head: &Parts) -> Option<Response> {
        if head.method != Method::GET {
            let (status, message) = (StatusCode::METHOD_NOT_ALLOWED, "Only GET is answered here");
            return Some(error(status, "InvalidRequestException", message));
        }
        let message = match head.headers.get(AUTHORIZATION) {
            None => "Service account token cannot be empty",
            Some(given) if !self.state.container_token.accepts(given.as_bytes()) => {
                "Service account token is not valid"
            }
            Some(_) => return None,
        };
        let status = StatusCode::UNAUTHORIZED;
        Some(error(status, "AccessDeniedException", message))
    }

    /// Answers for the container (the path itself) and for its task (`/task` under it).
    fn metadata(&self, path: &str) -> Response {
        let region = &self.state.scenario.region;
        let arn = |what: &str| format!("arn:aws:ecs:{region}:{ACCOUNT}:{what}");
        let task = arn("task/awscreds-bench/awscreds-bench-task-1");
        let of = path.strip_prefix(METADATA_PATH);
        let body = match of.map(|of| of.trim_end_matches('/')) {
            Some("") => json!({
                "DockerId": TASK,
                "Name": "client",
                "ContainerARN": arn("container/awscreds-bench/awscreds-bench-task-1/client"),
                "Labels": {"com.amazonaws.ecs.task-arn": task},
            }),
            Some("/task") => json!({
                "Cluster": "awscreds-bench",
                "TaskARN": task,
                "Family": "client",
                "Revision": "1",
                "DesiredStatus": "RUNNING",
                "KnownStatus": "RUNNING",
                "AvailabilityZone": self.state.zone_name(CALLERS_ZONE),
                "LaunchType": "FARGATE",
            }),
            _ => return response(StatusCode::NOT_FOUND, "text/plain", "404 page not found"),
        };
        response(StatusCode::OK, "application/json", body.to_string())
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"code": code, "message": message, "HTTPErrorCode": status.as_u16()});
    response(status, "application/json", body.to_string())
}

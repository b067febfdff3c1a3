//! The credentials endpoint that ECS and EKS give their containers.
//!
//! The full-URI form with a token, as the EKS Pod Identity agent serves it and as the SDKs'
//! container provider asks for it: the `Authorization` header is the token and nothing else.

use http::StatusCode;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde_json::json;

use super::container_token::ContainerToken;
use super::held::Held;
use super::issuer::{ACCOUNT, Issuer};
use super::reply::{Problem, Response, reply};
use super::stage::Turn;
use super::sts::instant;
use crate::clock;

/// Where the endpoint is, on the lab's main address.
pub(super) const PATH: &str = "/v1/credentials";
/// The role of the lab's container.
pub(super) const ROLE: &str = "awscreds-bench-task";
/// The name that the operation is counted under.
pub(super) const OPERATION: &str = "container:credentials";

/// The service.
pub(super) struct Container<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) held: &'a Held,
    /// What the `Authorization` header must hold.
    pub(super) token: &'a ContainerToken,
}

impl Container<'_> {
    pub(super) async fn answer(&self, turn: Turn<'_>, parts: &Parts) -> Response {
        let refusal = self.refusal(parts);
        turn.due().await;
        if let Some(refusal) = refusal {
            return refusal;
        }
        let (_, held) = self.held.current(self.issuer, clock::wall());
        let body = json!({
            "AccessKeyId": held.access_key_id,
            "SecretAccessKey": held.secret_access_key,
            "Token": held.session_token,
            "Expiration": held.expires.map(instant),
            "RoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{ROLE}"),
            "AccountId": ACCOUNT,
        });
        reply(StatusCode::OK, "application/json", body.to_string())
    }

    fn refusal(&self, parts: &Parts) -> Option<Response> {
        if parts.method != http::Method::GET {
            return Some(error(
                StatusCode::METHOD_NOT_ALLOWED,
                "InvalidRequestException",
                "Only GET is answered here",
            ));
        }
        match parts.headers.get(AUTHORIZATION) {
            None => Some(error(
                StatusCode::UNAUTHORIZED,
                "AccessDeniedException",
                "Service account token cannot be empty",
            )),
            Some(given) if !self.token.accepts(given.as_bytes()) => Some(error(
                StatusCode::UNAUTHORIZED,
                "AccessDeniedException",
                "Service account token is not valid",
            )),
            Some(_) => None,
        }
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"code": code, "message": message, "HTTPErrorCode": status.as_u16()});
    reply(status, "application/json", body.to_string())
}

/// The service's error for a rule.
pub(super) fn rule_failure(status: StatusCode, why: Problem, _: &str) -> Response {
    match why {
        Problem::Throttled => error(status, "ThrottlingException", "Rate exceeded"),
        Problem::Fault => error(status, "InternalServerException", "Failed by the scenario"),
    }
}

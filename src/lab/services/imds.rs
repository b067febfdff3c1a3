//! Instance metadata, version 2, as strict as the real service.
//!
//! Rules from the EC2 User Guide, "Use the Instance Metadata Service": a token is asked for with
//! PUT and a TTL of 1 to 21,600 seconds, else 400; a PUT that passed through a proxy
//! (`X-Forwarded-For`) is 403; a GET without a token, or with one that is not good any more, is 401
//! where version 1 is switched off. The hop limit is that of the token's answer and of no other. Stricter than the real
//! one, which no web page can reach by a name: a request for a host that is neither an address nor known is 421.

use std::future::pending;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::SERVER;
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use serde_json::json;

use crate::lab::issuer::ACCOUNT;
use crate::lab::lab_key::LabKey;
use crate::lab::response::{HopLimit, Response, header, iso_8601, response};
use crate::lab::role_credentials::RoleCredentials;
use crate::lab::router::host_of;
use crate::lab::rules::{RuleEvaluator, Rules};
use crate::lab::scenario::ImdsV1;
use crate::lab::service::{
    Destination, ErrorCause, Operation, Request, RequestContext, Service, rules_within,
};
use crate::lab::state::{CALLERS_ZONE, LabState};

/// The role of the lab's instance.
const ROLE: &str = "awscreds-bench-instance";
/// The lab's instance, which is also its role session's name.
const INSTANCE: &str = "i-0aw5c7ed5be9c41ab";

const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials";
const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const PURPOSE: &str = "metadata token";
/// Seconds; six hours.
const LONGEST_TTL: u64 = 21_600;

/// A request's step in fetching credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Token,
    Role,
    Credentials,
    Other,
}

/// The names that the steps are counted under, in their order.
const OPERATIONS: [&str; 4] = ["imds:token", "imds:role", "imds:credentials", "imds:other"];

impl Step {
    fn of(method: &Method, path: &str) -> Self {
        match path.strip_prefix(ROLE_PATH) {
            _ if path == TOKEN_PATH && method == Method::PUT => Self::Token,
            Some("" | "/") => Self::Role,
            Some(role) if role.starts_with('/') => Self::Credentials,
            _ => Self::Other,
        }
    }
}

pub(in crate::lab) struct Imds {
    state: Arc<LabState>,
    credentials: RoleCredentials,
    /// Of each step.
    rules: [Arc<RuleEvaluator>; 4],
}

#[async_trait::async_trait]
impl Service for Imds {
    fn claims<'a>(&'a self, _: &Destination<'a>) -> Option<&'a str> {
        Some(&self.state.scenario.region)
    }

    fn operation(&self, request: &Request) -> Operation {
        let step = Step::of(&request.head.method, request.path()) as usize;
        Operation {
            name: OPERATIONS[step],
            rules: Arc::clone(&self.rules[step]),
        }
    }

    /// Judges the request by the time of its arrival; what it hands out is as fresh as its response.
    async fn answer(&self, request: Request, context: RequestContext<'_>) -> Response {
        let imds = &self.state.scenario.imds;
        let (head, path) = (&request.head, request.path());
        let step = Step::of(&head.method, path);
        let refusal = self.refusal(step, head, context.arrived);
        context.due().await;
        if step == Step::Token && imds.token_gets_lost() {
            return pending().await;
        }
        if let Some(status) = refusal {
            return error_page(status);
        }
        let now = self.state.now();
        match step {
            Step::Token => self.token(head, now),
            _ if path.starts_with("/latest/meta-data/iam") && !imds.instance_profile => {
                error_page(StatusCode::NOT_FOUND)
            }
            Step::Role => text(ROLE),
            Step::Credentials => match path[ROLE_PATH.len()..].trim_matches('/') {
                ROLE => self.credentials(now),
                _ => error_page(StatusCode::NOT_FOUND),
            },
            Step::Other => self.metadata(path, now),
        }
    }

    fn error(&self, status: StatusCode, _: ErrorCause, _: &str) -> Response {
        error_page(status)
    }
}

impl Imds {
    pub(in crate::lab) fn new(state: &Arc<LabState>) -> Self {
        let (scenario, imds) = (&state.scenario, &state.scenario.imds);
        let steps = [imds.token, imds.role, imds.credentials, Rules::default()];
        let steps = std::array::from_fn(|step| (OPERATIONS[step], steps[step]));
        let principal = state.issuer.role_session(ACCOUNT, ROLE, INSTANCE);
        Self {
            credentials: RoleCredentials::new(principal, scenario.credentials),
            rules: rules_within(imds.rules, scenario.seed, steps),
            state: Arc::clone(state),
        }
    }

    /// Why a request is refused, if it is.
    fn refusal(&self, step: Step, head: &Parts, now: SystemTime) -> Option<StatusCode> {
        let (imds, key) = (&self.state.scenario.imds, &self.state.key);
        let is_good = |token: &str| time_left(key, token, now).is_some();
        match step {
            _ if !self.is_for_this_host(head) => Some(StatusCode::MISDIRECTED_REQUEST),
            _ if !imds.enabled => Some(StatusCode::FORBIDDEN),
            Step::Token if imds.v1 == ImdsV1::Only => Some(StatusCode::NOT_FOUND),
            Step::Token if head.headers.contains_key("x-forwarded-for") => {
                Some(StatusCode::FORBIDDEN)
            }
            Step::Token if requested_ttl(head).is_none() => Some(StatusCode::BAD_REQUEST),
            Step::Token => None,
            _ if head.method != Method::GET && head.method != Method::HEAD => {
                Some(StatusCode::METHOD_NOT_ALLOWED)
            }
            _ => match head.headers.get(TOKEN) {
                Some(token) if token.to_str().is_ok_and(is_good) => None,
                None if imds.v1 != ImdsV1::Refused => None,
                _ => Some(StatusCode::UNAUTHORIZED),
            },
        }
    }

    /// Whether the host that a request names is an address, or a name that the lab is known by.
    fn is_for_this_host(&self, head: &Parts) -> bool {
        let host = host_of(head);
        let address = host.trim_start_matches('[').trim_end_matches(']');
        let known = &self.state.scenario.imds.hosts;
        address.is_empty()
            || address == "localhost"
            || address.parse::<IpAddr>().is_ok()
            || known.iter().any(|name| name.eq_ignore_ascii_case(address))
    }

    fn token(&self, parts: &Parts, now: SystemTime) -> Response {
        let ttl = requested_ttl(parts).unwrap_or(LONGEST_TTL);
        let mut response = text(mint(&self.state.key, now + Duration::from_secs(ttl)));
        header(&mut response, TTL, &ttl.to_string());
        if let Some(limit) = self.state.scenario.imds.hop_limit {
            response.extensions_mut().insert(HopLimit(limit));
        }
        response
    }

    fn credentials(&self, now: SystemTime) -> Response {
        let (issued, current) = self.credentials.current(&self.state.issuer, now);
        json_text(&json!({
            "Code": "Success",
            "LastUpdated": iso_8601(issued),
            "Type": "AWS-HMAC",
            "AccessKeyId": current.access_key_id,
            "SecretAccessKey": current.secret_access_key,
            "Token": current.session_token,
            "Expiration": current.expires.map(iso_8601),
        }))
    }

    fn metadata(&self, path: &str, now: SystemTime) -> Response {
        let region = &self.state.scenario.region;
        let zone = self.state.zone_name(CALLERS_ZONE);
        match path.trim_end_matches('/') {
            "/latest/meta-data/placement/region" => text(region.clone()),
            "/latest/meta-data/placement/availability-zone" => text(zone),
            "/latest/meta-data/instance-id" => text(INSTANCE),
            "/latest/meta-data/instance-type" => text("m7g.large"),
            "/latest/meta-data/iam" => text("info\nsecurity-credentials/"),
            "/latest/meta-data/iam/info" => json_text(&json!({
                "Code": "Success",
                "LastUpdated": iso_8601(now),
                "InstanceProfileArn":
                    format!("arn:aws:iam::{ACCOUNT}:instance-profile/{ROLE}"),
                "InstanceProfileId": "AIPAAWSCREDSBENCHLAB2",
            })),
            "/latest/dynamic/instance-identity/document" => json_text(&json!({
                "accountId": ACCOUNT,
                "architecture": "arm64",
                "availabilityZone": zone,
                "imageId": "ami-0123456789abcdef0",
                "instanceId": INSTANCE,
                "instanceType": "m7g.large",
                "pendingTime": iso_8601(self.state.started),
                "privateIp": "10.0.0.10",
                "region": region,
                "version": "2017-09-30",
            })),
            _ => error_page(StatusCode::NOT_FOUND),
        }
    }
}

fn requested_ttl(parts: &Parts) -> Option<u64> {
    let ttl = parts.headers.get(TTL)?.to_str().ok()?.trim().parse().ok()?;
    (1..=LONGEST_TTL).contains(&ttl).then_some(ttl)
}

/// A token that is good until `end`: 56 characters, as the real ones are.
fn mint(key: &LabKey, end: SystemTime) -> String {
    let since = end.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut bytes = [0_u8; 40];
    bytes[..16].copy_from_slice(&since.as_nanos().to_be_bytes());
    let code = key.mac(PURPOSE, &bytes[..16]);
    bytes[16..].copy_from_slice(&code[..24]);
    STANDARD.encode(bytes)
}

/// How long a token is still good; `None` if it is not.
fn time_left(key: &LabKey, token: &str, now: SystemTime) -> Option<Duration> {
    let bytes: [u8; 40] = STANDARD.decode(token).ok()?.try_into().ok()?;
    let (end, code) = bytes.split_first_chunk::<16>()?;
    if !key.verifies(PURPOSE, end, code) {
        return None;
    }
    let nanos = u128::from_be_bytes(*end);
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let left = nanos.checked_sub(now).filter(|left| *left > 0)?;
    Some(Duration::from_nanos(left.try_into().unwrap_or(u64::MAX)))
}

fn text(body: impl Into<Bytes>) -> Response {
    served(StatusCode::OK, "text/plain", body)
}

fn json_text(body: &serde_json::Value) -> Response {
    text(serde_json::to_string_pretty(body).unwrap_or_default())
}

fn served(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = response(status, content_type, body);
    header(&mut response, SERVER, "EC2ws");
    response
}

/// An error page of the real service.
fn error_page(status: StatusCode) -> Response {
    let reason = status.canonical_reason().unwrap_or("Error");
    let title = format!("{} - {reason}", status.as_u16());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML \
         1.0 Transitional//EN\"\n\t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n <head>\n  \
         <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    );
    served(status, "text/html", body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_apart() {
        let (roles, role) = (format!("{ROLE_PATH}/"), format!("{ROLE_PATH}/{ROLE}"));
        for (method, path, step) in [
            (Method::PUT, TOKEN_PATH, Step::Token),
            (Method::GET, TOKEN_PATH, Step::Other),
            (Method::GET, ROLE_PATH, Step::Role),
            (Method::GET, &roles, Step::Role),
            (Method::GET, &role, Step::Credentials),
            (Method::GET, "/latest/meta-data/iam/info", Step::Other),
        ] {
            assert_eq!(Step::of(&method, path), step, "{method} {path}");
        }
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_lab_only() {
        let key = LabKey::random().unwrap();
        let minute = Duration::from_mins(1);
        let end = UNIX_EPOCH + minute;
        let token = mint(&key, end);
        assert_eq!(token.len(), 56);
        assert_eq!(time_left(&key, &token, UNIX_EPOCH), Some(minute));
        assert_eq!(time_left(&key, &token, end), None);
        assert_eq!(
            time_left(&LabKey::random().unwrap(), &token, UNIX_EPOCH),
            None
        );
        assert_eq!(time_left(&key, "", UNIX_EPOCH), None);
    }
}

//! Instance metadata, version 2, as strict as the real service.
//!
//! Rules from the EC2 User Guide, "Use the Instance Metadata Service": a token is asked for with
//! PUT and a TTL of 1 to 21,600 seconds, else 400; a PUT that passed through a proxy
//! (`X-Forwarded-For`) is 403; a GET without a token, or with one that is not good any more, is 401
//! where version 1 is switched off. The hop limit is that of the token's answer and of no other.

use std::future::pending;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, SERVER};
use http::request::Parts;
use http::{HeaderName, Method, StatusCode};
use serde_json::json;

use super::held::Held;
use super::issuer::{ACCOUNT, Issuer};
use super::reply::{HopLimit, Problem, Response, header, reply};
use super::scenario;
use super::scenario::ImdsV1;
use super::seal::Seal;
use super::stage::Turn;
use super::sts::instant;
use crate::clock;

/// The role of the lab's instance.
pub(super) const ROLE: &str = "awscreds-bench-instance";
/// The lab's instance, which is also its role session's name.
pub(super) const INSTANCE: &str = "i-0aw5c7ed5be9c41ab";

const TOKEN_PATH: &str = "/latest/api/token";
const ROLE_PATH: &str = "/latest/meta-data/iam/security-credentials";
const TTL: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");
const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const PURPOSE: &str = "metadata token";
/// Seconds; six hours.
const LONGEST_TTL: u64 = 21_600;

/// A request's step in fetching credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Token,
    Role,
    Credentials,
    Other,
}

impl Step {
    pub(super) fn of(method: &Method, path: &str) -> Self {
        if path == TOKEN_PATH {
            return if method == Method::PUT {
                Self::Token
            } else {
                Self::Other
            };
        }
        match path.strip_prefix(ROLE_PATH) {
            Some("" | "/") => Self::Role,
            Some(role) if role.starts_with('/') => Self::Credentials,
            _ => Self::Other,
        }
    }

    /// The name that the step is counted under.
    pub(super) fn operation(self) -> &'static str {
        match self {
            Self::Token => "imds:token",
            Self::Role => "imds:role",
            Self::Credentials => "imds:credentials",
            Self::Other => "imds:other",
        }
    }
}

/// The service.
pub(super) struct Imds<'a> {
    pub(super) issuer: &'a Issuer,
    pub(super) seal: &'a Seal,
    pub(super) held: &'a Held,
    pub(super) rules: &'a scenario::Imds,
    pub(super) region: &'a str,
    /// When the lab, and so its instance, was started.
    pub(super) started: SystemTime,
}

impl Imds<'_> {
    /// Judges the request by the time of its arrival; what it hands out is as fresh as its answer.
    pub(super) async fn answer(&self, turn: Turn<'_>, parts: &Parts) -> Response {
        let path = parts.uri.path();
        let refusal = match Step::of(&parts.method, path) {
            _ if !self.rules.enabled => Some(StatusCode::FORBIDDEN),
            Step::Token if self.rules.v1 == ImdsV1::Only => Some(StatusCode::NOT_FOUND),
            Step::Token => token_refusal(parts),
            _ => self.refusal(parts, turn.arrived),
        };
        turn.due().await;
        if Step::of(&parts.method, path) == Step::Token && self.rules.token_gets_lost() {
            return pending().await;
        }
        if let Some(status) = refusal {
            return plain_error(status);
        }
        let now = clock::wall();
        let mut response = match Step::of(&parts.method, path) {
            Step::Token => self.token(parts, now),
            _ if path.starts_with("/latest/meta-data/iam") && !self.rules.instance_profile => {
                plain_error(StatusCode::NOT_FOUND)
            }
            Step::Role => text(ROLE.to_owned()),
            Step::Credentials => match path[ROLE_PATH.len()..].trim_matches('/') {
                ROLE => self.credentials(now),
                _ => plain_error(StatusCode::NOT_FOUND),
            },
            Step::Other => self.metadata(path, now),
        };
        header(&mut response, SERVER, "EC2ws");
        response
    }

    /// Why a GET is refused, if it is.
    fn refusal(&self, parts: &Parts, now: SystemTime) -> Option<StatusCode> {
        if parts.method != Method::GET && parts.method != Method::HEAD {
            return Some(StatusCode::METHOD_NOT_ALLOWED);
        }
        let good = match parts.headers.get(TOKEN) {
            Some(token) => token
                .to_str()
                .is_ok_and(|token| time_left(self.seal, token, now).is_some()),
            None => self.rules.v1 != ImdsV1::Refused,
        };
        (!good).then_some(StatusCode::UNAUTHORIZED)
    }

    fn token(&self, parts: &Parts, now: SystemTime) -> Response {
        let ttl = requested_ttl(parts).unwrap_or(LONGEST_TTL);
        let mut response = text(mint(self.seal, now + Duration::from_secs(ttl)));
        header(&mut response, TTL, &ttl.to_string());
        if let Some(limit) = self.rules.hop_limit {
            response.extensions_mut().insert(HopLimit(limit));
        }
        response
    }

    fn credentials(&self, now: SystemTime) -> Response {
        let (issued, held) = self.held.current(self.issuer, now);
        json_text(&json!({
            "Code": "Success",
            "LastUpdated": instant(issued),
            "Type": "AWS-HMAC",
            "AccessKeyId": held.access_key_id,
            "SecretAccessKey": held.secret_access_key,
            "Token": held.session_token,
            "Expiration": held.expires.map(instant),
        }))
    }

    fn metadata(&self, path: &str, now: SystemTime) -> Response {
        let zone = format!("{}a", self.region);
        match path.trim_end_matches('/') {
            "/latest/meta-data/placement/region" => text(self.region.to_owned()),
            "/latest/meta-data/placement/availability-zone" => text(zone),
            "/latest/meta-data/instance-id" => text(INSTANCE.to_owned()),
            "/latest/meta-data/instance-type" => text("m7g.large".to_owned()),
            "/latest/meta-data/iam" => text("info\nsecurity-credentials/".to_owned()),
            "/latest/meta-data/iam/info" => json_text(&json!({
                "Code": "Success",
                "LastUpdated": instant(now),
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
                "pendingTime": instant(self.started),
                "privateIp": "10.0.0.10",
                "region": self.region,
                "version": "2017-09-30",
            })),
            _ => plain_error(StatusCode::NOT_FOUND),
        }
    }
}

fn token_refusal(parts: &Parts) -> Option<StatusCode> {
    if parts.headers.contains_key("x-forwarded-for") {
        return Some(StatusCode::FORBIDDEN);
    }
    requested_ttl(parts)
        .is_none()
        .then_some(StatusCode::BAD_REQUEST)
}

fn requested_ttl(parts: &Parts) -> Option<u64> {
    let ttl = parts.headers.get(TTL)?.to_str().ok()?.trim().parse().ok()?;
    (1..=LONGEST_TTL).contains(&ttl).then_some(ttl)
}

/// A token that is good until `end`: 56 characters, as the real ones are.
fn mint(seal: &Seal, end: SystemTime) -> String {
    let since = end.duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut bytes = [0_u8; 40];
    bytes[..16].copy_from_slice(&since.as_nanos().to_be_bytes());
    let mark = seal.mark(PURPOSE, &[&bytes[..16]]);
    bytes[16..].copy_from_slice(&mark[..24]);
    STANDARD.encode(bytes)
}

/// How long a token is still good; `None` if it is not.
fn time_left(seal: &Seal, token: &str, now: SystemTime) -> Option<Duration> {
    let bytes: [u8; 40] = STANDARD.decode(token).ok()?.try_into().ok()?;
    let (end, mark) = bytes.split_first_chunk::<16>()?;
    if !seal.confirms(PURPOSE, &[end], mark) {
        return None;
    }
    let nanos = u128::from_be_bytes(*end);
    let now = now.duration_since(UNIX_EPOCH).ok()?.as_nanos();
    let left = nanos.checked_sub(now).filter(|left| *left > 0)?;
    Some(Duration::from_nanos(
        u64::try_from(left).unwrap_or(u64::MAX),
    ))
}

fn text(body: String) -> Response {
    reply(StatusCode::OK, "text/plain", body)
}

fn json_text(body: &serde_json::Value) -> Response {
    text(serde_json::to_string_pretty(body).unwrap_or_default())
}

/// An error page of the real service.
fn plain_error(status: StatusCode) -> Response {
    let title = format!(
        "{} - {}",
        status.as_u16(),
        status.canonical_reason().unwrap_or("Error")
    );
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML \
         1.0 Transitional//EN\"\n\t\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n <head>\n  \
         <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    );
    let mut response = reply(status, "text/html", body);
    header(&mut response, SERVER, "EC2ws");
    response
}

/// The service's error for a rule.
pub(super) fn rule_failure(status: StatusCode, _: Problem, _: &str) -> Response {
    let mut response = plain_error(status);
    header(&mut response, CONTENT_TYPE, "text/html");
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_told_apart() {
        let step = Step::of;
        assert_eq!(step(&Method::PUT, TOKEN_PATH), Step::Token);
        assert_eq!(step(&Method::GET, TOKEN_PATH), Step::Other);
        assert_eq!(step(&Method::GET, ROLE_PATH), Step::Role);
        assert_eq!(step(&Method::GET, &format!("{ROLE_PATH}/")), Step::Role);
        let role = format!("{ROLE_PATH}/{ROLE}");
        assert_eq!(step(&Method::GET, &role), Step::Credentials);
        assert_eq!(
            step(&Method::GET, "/latest/meta-data/iam/info"),
            Step::Other
        );
    }

    #[test]
    fn a_token_is_good_for_its_time_and_its_lab_only() {
        let seal = Seal::new(1);
        let end = UNIX_EPOCH + Duration::from_mins(1);
        let token = mint(&seal, end);
        assert_eq!(token.len(), 56);
        assert_eq!(
            time_left(&seal, &token, UNIX_EPOCH),
            Some(Duration::from_mins(1))
        );
        assert_eq!(time_left(&seal, &token, end), None);
        assert_eq!(time_left(&Seal::new(2), &token, UNIX_EPOCH), None);
        assert_eq!(time_left(&seal, "", UNIX_EPOCH), None);
    }
}

//! Instance metadata step by step, with and without a token.

use super::NEAR;
use super::http::{Line, dial};
use crate::credentials::Variables;
use crate::doctor::examination::{Answer, Dial, Metadata};

const USUAL: &str = "169.254.169.254:80";
const ROLE: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: (&str, &str) = ("X-aws-ec2-metadata-token-ttl-seconds", "60");
const TOKEN: &str = "X-aws-ec2-metadata-token";

/// Where metadata is configured to be, as `host:port`; `None` where it is switched off.
pub(super) fn endpoint(variables: &Variables) -> Option<String> {
    let off = variables.get("AWS_EC2_METADATA_DISABLED");
    if off.is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    let configured = variables
        .get("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        .and_then(|url| url::Url::parse(url).ok());
    let Some(url) = configured else {
        let mode = variables.get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        let six = mode.is_some_and(|mode| mode.eq_ignore_ascii_case("ipv6"));
        return Some(if six { "[fd00:ec2::254]:80" } else { USUAL }.to_owned());
    };
    let host = url.host_str()?;
    Some(format!(
        "{host}:{}",
        url.port_or_known_default().unwrap_or(80)
    ))
}

/// Asks what an SDK asks, and what one without tokens would.
pub(super) async fn probe(variables: &Variables) -> Option<Metadata> {
    let endpoint = endpoint(variables)?;
    let (mut metadata, v1) = tokio::join!(with_token(endpoint.clone()), without_token(&endpoint));
    metadata.v1 = v1;
    Some(metadata)
}

async fn with_token(endpoint: String) -> Metadata {
    let (dialled, line) = dial(&endpoint, NEAR).await;
    let mut metadata = Metadata {
        endpoint,
        dial: dialled,
        token: Answer::NotAsked,
        role: Answer::NotAsked,
        credentials: Answer::NotAsked,
        v1: Answer::NotAsked,
        region: None,
        instance: None,
    };
    let Some(mut line) = line else {
        return metadata;
    };
    let (answer, token) = line.ask("PUT", "/latest/api/token", Some(TTL), NEAR).await;
    metadata.token = answer;
    if let Some(token) = token {
        steps(&mut metadata, &mut line, &token).await;
    }
    metadata
}

async fn steps(metadata: &mut Metadata, line: &mut Line, token: &str) {
    let header = Some((TOKEN, token));
    let (answer, role) = line.ask("GET", ROLE, header, NEAR).await;
    metadata.role = answer;
    if metadata.role.is_silent() {
        return;
    }
    if let Some(role) = role.and_then(|text| text.lines().next().map(str::to_owned)) {
        let path = format!("{ROLE}{role}");
        let (answer, _) = line.ask("GET", &path, header, NEAR).await;
        metadata.credentials = answer;
        if metadata.credentials.is_silent() {
            return;
        }
    }
    let region = line.ask("GET", "/latest/meta-data/placement/region", header, NEAR);
    metadata.region = region.await.1;
    let instance = line.ask("GET", "/latest/meta-data/instance-id", header, NEAR);
    metadata.instance = instance.await.1;
}

async fn without_token(endpoint: &str) -> Answer {
    match dial(endpoint, NEAR).await {
        (Dial::Connected(_), Some(mut line)) => line.ask("GET", ROLE, None, NEAR).await.0,
        _ => Answer::NotAsked,
    }
}

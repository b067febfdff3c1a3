//! Instance metadata step by step, with and without a token.

use super::connection::{Connection, connect};
use super::limits::NEAR;
use crate::credentials::{
    MetadataProfile, Variables, authority, metadata_disabled, metadata_endpoint,
};
use crate::diagnosis::examination::{HttpOutcome, Metadata};

const ROLE: &str = "/latest/meta-data/iam/security-credentials/";
const TTL: (&str, &str) = ("X-aws-ec2-metadata-token-ttl-seconds", "60");
const TOKEN: &str = "X-aws-ec2-metadata-token";

/// Asks what an SDK asks, and what one without tokens would; `None` where metadata is switched off.
pub(super) async fn probe(variables: &Variables, profile: MetadataProfile<'_>) -> Option<Metadata> {
    if metadata_disabled(variables) {
        return None;
    }
    let endpoint = authority(&metadata_endpoint(variables, profile))?;
    let (mut metadata, v1) = tokio::join!(with_token(endpoint.clone()), without_token(&endpoint));
    metadata.v1 = v1;
    Some(metadata)
}

async fn with_token(endpoint: String) -> Metadata {
    let (outcome, connection) = connect(&endpoint, NEAR).await;
    let mut metadata = Metadata {
        endpoint,
        connect: outcome,
        token: HttpOutcome::NotAsked,
        role: HttpOutcome::NotAsked,
        credentials: HttpOutcome::NotAsked,
        v1: HttpOutcome::NotAsked,
        region: None,
        instance: None,
    };
    let Some(mut connection) = connection else {
        return metadata;
    };
    let asked = connection.ask("PUT", "/latest/api/token", Some(TTL), NEAR);
    let (outcome, token) = asked.await;
    metadata.token = outcome;
    if let Some(token) = token {
        fetch(&mut metadata, &mut connection, &token).await;
    }
    metadata
}

async fn fetch(metadata: &mut Metadata, connection: &mut Connection, token: &str) {
    let header = Some((TOKEN, token));
    let (outcome, role) = connection.ask("GET", ROLE, header, NEAR).await;
    metadata.role = outcome;
    if metadata.role.is_timeout() {
        return;
    }
    if let Some(role) = role.as_deref().and_then(|text| text.lines().next()) {
        let path = format!("{ROLE}{role}");
        metadata.credentials = connection.ask("GET", &path, header, NEAR).await.0;
        if metadata.credentials.is_timeout() {
            return;
        }
    }
    let region = connection.ask("GET", "/latest/meta-data/placement/region", header, NEAR);
    metadata.region = region.await.1.filter(|text| is_name(text));
    let instance = connection.ask("GET", "/latest/meta-data/instance-id", header, NEAR);
    metadata.instance = instance.await.1.filter(|text| is_name(text));
}

/// Whether it may stand in a command that is ready to paste: whoever answers in metadata's place could say anything.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
    !text.is_empty() && text.chars().all(plain)
}

async fn without_token(endpoint: &str) -> HttpOutcome {
    match connect(endpoint, NEAR).await {
        (_, Some(mut connection)) => connection.ask("GET", ROLE, None, NEAR).await.0,
        (_, None) => HttpOutcome::NotAsked,
    }
}

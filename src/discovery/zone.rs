//! The zone that this process is in: given, or learned once from ECS task metadata or instance metadata.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::imds;
use aws_config::provider_config::ProviderConfig;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;
use tokio::time::timeout;

/// Set by the ECS agent in every container of a task.
const TASK_METADATA: &str = "ECS_CONTAINER_METADATA_URI_V4";
const IMDS_ENDPOINT: &str = "AWS_EC2_METADATA_SERVICE_ENDPOINT";
const IMDS_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";
const IMDS_PATH: &str = "/latest/meta-data/placement/availability-zone";
/// Where there is no metadata service, this is how long the start is held up.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes of task metadata: real ones have a few thousand for each container.
const LARGEST: usize = 256 * 1024;

/// The zone of this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnZone {
    pub name: String,
    /// Who said so: `ECS task metadata`, `instance metadata`, or the option of a program.
    pub source: &'static str,
}

impl OwnZone {
    /// Asks whoever `variables` name, once; `None` if nobody knows.
    pub async fn learn(
        variables: &BTreeMap<String, String>,
        http: SharedHttpClient,
    ) -> Option<Self> {
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        if let Some(uri) = variable(TASK_METADATA)
            && let Some(name) = in_time(of_task(uri)).await
        {
            let source = "ECS task metadata";
            return Some(Self { name, source });
        }
        if variable(IMDS_DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true")) {
            return None;
        }
        let endpoint = variable(IMDS_ENDPOINT).map(String::as_str);
        let name = in_time(of_instance(endpoint, http)).await?;
        let source = "instance metadata";
        Some(Self { name, source })
    }
}

/// What `zone` comes to, unless that takes too long.
async fn in_time(zone: impl Future<Output = Option<String>>) -> Option<String> {
    let zone = timeout(PATIENCE, zone).await.ok()??;
    (!zone.is_empty()).then_some(zone)
}

/// The endpoint is link-local and plain HTTP, and no proxy reaches it.
async fn of_task(uri: &str) -> Option<String> {
    let uri = format!("{}/task", uri.trim_end_matches('/')).parse().ok()?;
    let client = Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>();
    let response = client.get(uri).await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body = Limited::new(response.into_body(), LARGEST);
    let body = body.collect().await.ok()?.to_bytes();
    let task: Value = serde_json::from_slice(&body).ok()?;
    Some(task.get("AvailabilityZone")?.as_str()?.to_owned())
}

async fn of_instance(endpoint: Option<&str>, http: SharedHttpClient) -> Option<String> {
    let config = ProviderConfig::without_region().with_http_client(http);
    let mut client = imds::Client::builder().configure(&config).max_attempts(1);
    if let Some(endpoint) = endpoint {
        client = client.endpoint(endpoint).ok()?;
    }
    let zone = client.build().get(IMDS_PATH).await.ok()?;
    Some(zone.as_ref().trim().to_owned())
}

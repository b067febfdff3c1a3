//! The exported variables, as the SDK's own default chain reads them.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_types::os_shim_internal::Env;
use awscreds_bench::lab::{BUCKET, ExportedSource, KEY, Lab};

use super::support::{count, http_client, lab};

/// What an SDK makes of the variables of one source, and of nothing else.
async fn default_chain(lab: &Lab, source: ExportedSource) -> SdkConfig {
    let variables = lab.environment(source);
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    aws_config::defaults(BehaviorVersion::latest())
        .env(Env::from_slice(&variables))
        .http_client(http_client(lab))
        .load()
        .await
}

/// Whom the source makes of its caller, and the operations that this took.
async fn identity(source: ExportedSource) -> (String, Vec<String>) {
    let lab = lab("region = \"me-central-1\"").await;
    let config = default_chain(&lab, source).await;
    assert_eq!(config.region().unwrap().as_ref(), "me-central-1");
    let sts = aws_sdk_sts::Client::new(&config);
    let identity = sts.get_caller_identity().send().await.unwrap();
    let s3 = aws_sdk_s3::Client::new(&config);
    s3.head_object()
        .bucket(BUCKET)
        .key(KEY)
        .send()
        .await
        .unwrap();
    assert_eq!(count(&lab, "sts:GetCallerIdentity").ok, 1);
    assert_eq!(count(&lab, "s3:HeadObject").ok, 1);
    let requests = lab.requests();
    assert!(
        requests.values().all(|count| count.ok == count.count),
        "{requests:?}"
    );
    let sources = requests.into_iter().filter(|(operation, _)| {
        operation != "sts:GetCallerIdentity" && operation != "s3:HeadObject"
    });
    let sources = sources.map(|(operation, count)| format!("{operation} x{}", count.count));
    (identity.arn().unwrap().to_owned(), sources.collect())
}

#[tokio::test]
async fn metadata() {
    let (arn, sources) = identity(ExportedSource::Imds).await;
    assert!(
        arn.contains("assumed-role/awscreds-bench-instance/i-"),
        "{arn}"
    );
    assert_eq!(
        sources,
        ["imds:credentials x1", "imds:role x1", "imds:token x1"]
    );
}

#[tokio::test]
async fn container() {
    let (arn, sources) = identity(ExportedSource::Container).await;
    assert!(arn.contains("assumed-role/awscreds-bench-task/"), "{arn}");
    assert_eq!(sources, ["container:credentials x1"]);
}

#[tokio::test]
async fn static_keys() {
    let (arn, sources) = identity(ExportedSource::Static).await;
    assert!(arn.contains(":user/"), "{arn}");
    assert!(sources.is_empty(), "{sources:?}");
}

#[tokio::test]
async fn web_identity() {
    let (arn, sources) = identity(ExportedSource::WebIdentity).await;
    assert!(
        arn.contains("assumed-role/awscreds-bench-app/awscreds-bench"),
        "{arn}"
    );
    assert_eq!(sources, ["sts:AssumeRoleWithWebIdentity x1"]);
}

#[tokio::test]
async fn profile() {
    let (arn, sources) = identity(ExportedSource::Profile).await;
    assert!(arn.contains(":user/"), "{arn}");
    assert!(sources.is_empty(), "{sources:?}");
}

#[tokio::test]
async fn assume_role() {
    let (arn, sources) = identity(ExportedSource::AssumeRole).await;
    assert!(
        arn.contains("assumed-role/awscreds-bench-app/awscreds-bench"),
        "{arn}"
    );
    assert_eq!(sources, ["sts:AssumeRole x1"]);
}

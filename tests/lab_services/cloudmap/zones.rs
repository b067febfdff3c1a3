//! The zone that a caller learns, and who is asked for it.

use std::collections::BTreeMap;

use awscreds_bench::discovery::OwnZone;
use awscreds_bench::lab::ExportedSource;

use crate::support::{count, http_client, lab, raw};

async fn learnt(
    lab: &awscreds_bench::lab::Lab,
    variables: &BTreeMap<String, String>,
) -> Option<OwnZone> {
    OwnZone::learn(variables, http_client(lab)).await
}

#[tokio::test]
async fn task_metadata_is_asked_first_and_instance_metadata_after_it() {
    let lab = lab("region = \"me-central-1\"").await;
    let environment = |source| lab.environment(source).into_iter().collect();
    let mut task: BTreeMap<_, _> = environment(ExportedSource::Container);
    let zone = learnt(&lab, &task).await.unwrap();
    assert_eq!(
        (zone.name.as_str(), zone.source),
        ("me-central-1a", "ECS task metadata")
    );
    assert_eq!(count(&lab, "container:metadata").ok, 1);
    assert_eq!(count(&lab, "imds:token").count, 0);
    // Absent, or not what it should be, it is no answer; and instance metadata is switched off here.
    for wrong in ["", "http://127.0.0.1:1/v4/x", "not a url", "/v4/wrong"] {
        let wrong = match wrong.strip_prefix('/') {
            Some(path) => format!("http://{}/{path}", lab.address()),
            None => wrong.to_owned(),
        };
        task.insert("ECS_CONTAINER_METADATA_URI_V4".to_owned(), wrong.clone());
        assert_eq!(learnt(&lab, &task).await, None, "{wrong}");
    }
    let instance: BTreeMap<_, _> = environment(ExportedSource::Imds);
    let zone = learnt(&lab, &instance).await.unwrap();
    assert_eq!(zone.source, "instance metadata");
    assert_eq!(zone.name, "me-central-1a");
    assert_eq!(count(&lab, "imds:other").ok, 1);
}

#[tokio::test]
async fn the_task_endpoint_has_the_container_and_its_task() {
    let lab = lab("").await;
    let variables = lab.environment(ExportedSource::Container);
    let uri = variables
        .iter()
        .find(|(name, _)| name == "ECS_CONTAINER_METADATA_URI_V4");
    let path = uri.unwrap().1.splitn(4, '/').nth(3).unwrap().to_owned();
    let get = async |path: String| {
        raw(lab.address(), &format!("GET /{path}"), &[])
            .await
            .unwrap()
    };
    let container = get(path.clone()).await;
    assert!(container.body.contains("ContainerARN"), "{container:?}");
    let task: serde_json::Value =
        serde_json::from_str(&get(format!("{path}/task")).await.body).unwrap();
    assert_eq!(task["AvailabilityZone"], "eu-west-1a");
    assert_eq!(get(format!("{path}/stats")).await.status, 404);
}

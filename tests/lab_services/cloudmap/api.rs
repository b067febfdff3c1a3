//! The API and the DNS view, as the SDK and a resolver see them.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::types::{
    CustomHealthStatus, HealthCheckCustomConfig, HealthStatusFilter, OperationStatus,
};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use awscreds_bench::discovery::dns::{DnsError, Lookup};
use awscreds_bench::lab::{Lab, NAMESPACE, SERVICE};

use super::world::{client, register, service_id};
use crate::support::{count, imds_credentials, lab, static_keys};

/// A namespace with a service in it, with or without a health check; gives the service's id.
async fn service(client: &Client, namespace: &str, checked: bool) -> String {
    let created = client
        .create_http_namespace()
        .name(namespace)
        .send()
        .await
        .unwrap();
    let operation = client
        .get_operation()
        .operation_id(created.operation_id().unwrap());
    let operation = operation.send().await.unwrap().operation.unwrap();
    assert_eq!(operation.status(), Some(&OperationStatus::Success));
    let targets = operation.targets().unwrap();
    let id = targets.values().next().unwrap();
    let custom = HealthCheckCustomConfig::builder().build();
    let service = client.create_service().name("api").namespace_id(id);
    let service = service.set_health_check_custom_config(checked.then_some(custom));
    let service = service.send().await.unwrap().service.unwrap();
    service.id().unwrap().to_owned()
}

async fn add(client: &Client, service: &str, id: &str, zone: &str) {
    let instance = client
        .register_instance()
        .service_id(service)
        .instance_id(id);
    let instance = instance.attributes("AVAILABILITY_ZONE", zone);
    instance.send().await.unwrap();
}

async fn found(client: &Client, namespace: &str, filter: HealthStatusFilter) -> Vec<String> {
    let asked = client
        .discover_instances()
        .namespace_name(namespace)
        .service_name("api");
    let answer = asked.health_status(filter).send().await.unwrap();
    let ids = answer
        .instances()
        .iter()
        .map(|i| i.instance_id().unwrap().to_owned());
    let mut ids: Vec<String> = ids.collect();
    ids.sort();
    ids
}

async fn revision(client: &Client, namespace: &str) -> i64 {
    let asked = client
        .discover_instances_revision()
        .namespace_name(namespace);
    let answer = asked.service_name("api").send().await.unwrap();
    answer.instances_revision().unwrap()
}

fn code<T, E: ProvideErrorMetadata, R>(
    answer: Result<T, aws_smithy_runtime_api::client::result::SdkError<E, R>>,
) -> String {
    let error = answer.err().expect("a refusal");
    let service = error.as_service_error().expect("an answer");
    service.code().unwrap().to_owned()
}

#[tokio::test]
async fn signatures_and_credentials_are_checked() {
    let lab = lab("").await;
    let keys = static_keys(&lab);
    let list = |credentials| {
        let client = client(&lab, credentials);
        async move { client.list_namespaces().send().await }
    };
    assert!(list(keys.clone()).await.is_ok());
    assert!(list(imds_credentials(&lab).await).await.is_ok());
    let wrong = Credentials::new(keys.access_key_id(), "wrong", None, None, "test");
    assert_eq!(code(list(wrong).await), "InvalidSignatureException");
    let unknown = Credentials::new("AKIAIOSFODNN7EXAMPLE", "wrong", None, None, "test");
    assert_eq!(code(list(unknown).await), "UnrecognizedClientException");
    let counted = count(&lab, "cloudmap:ListNamespaces");
    assert_eq!((counted.count, counted.ok, counted.failed), (4, 2, 2));
}

#[tokio::test]
async fn coming_and_going_changes_the_revision_and_health_does_not() {
    let lab = lab("").await;
    let client = client(&lab, static_keys(&lab));
    let service = service(&client, "shop", true).await;
    let mut seen = vec![revision(&client, "shop").await];
    add(&client, &service, "one", "a").await;
    seen.push(revision(&client, "shop").await);
    add(&client, &service, "two", "b").await;
    seen.push(revision(&client, "shop").await);
    assert!(
        seen.is_sorted() && seen[0] < seen[1] && seen[1] < seen[2],
        "{seen:?}"
    );
    let ill = client
        .update_instance_custom_health_status()
        .service_id(&service);
    let ill = ill.instance_id("two").status(CustomHealthStatus::Unhealthy);
    ill.send().await.unwrap();
    assert_eq!(revision(&client, "shop").await, seen[2]);
    assert_eq!(
        found(&client, "shop", HealthStatusFilter::Healthy).await,
        ["one"]
    );
    assert_eq!(
        found(&client, "shop", HealthStatusFilter::All).await,
        ["one", "two"]
    );
    let gone = client
        .deregister_instance()
        .service_id(&service)
        .instance_id("one");
    gone.send().await.unwrap();
    assert!(revision(&client, "shop").await > seen[2]);
    let open = HealthStatusFilter::HealthyOrElseAll;
    assert_eq!(found(&client, "shop", open).await, ["two"]);
}

#[tokio::test]
async fn without_a_health_check_there_is_no_health() {
    let lab = lab("").await;
    let client = client(&lab, static_keys(&lab));
    let service = service(&client, "shop", false).await;
    add(&client, &service, "one", "a").await;
    let ill = client
        .update_instance_custom_health_status()
        .service_id(&service);
    let ill = ill.instance_id("one").status(CustomHealthStatus::Unhealthy);
    assert_eq!(code(ill.send().await), "CustomHealthNotFound");
    assert_eq!(
        found(&client, "shop", HealthStatusFilter::Healthy).await,
        ["one"]
    );
    let asked = client
        .discover_instances()
        .namespace_name("shop")
        .service_name("api");
    let answer = asked.send().await.unwrap();
    let status = answer.instances()[0].health_status().unwrap();
    assert_eq!(status.as_str(), "UNKNOWN");
}

#[tokio::test]
async fn what_is_not_there_and_what_is_there_already_have_their_codes() {
    let lab = lab("").await;
    let client = client(&lab, static_keys(&lab));
    let id = service(&client, "shop", false).await;
    let again = client.create_http_namespace().name("shop").send().await;
    assert_eq!(code(again), "NamespaceAlreadyExists");
    let discover = |namespace, service| {
        let asked = client.discover_instances().namespace_name(namespace);
        asked.service_name(service).send()
    };
    assert_eq!(code(discover("nowhere", "api").await), "NamespaceNotFound");
    assert_eq!(code(discover("shop", "nothing").await), "ServiceNotFound");
    add(&client, &id, "one", "a").await;
    assert_eq!(
        code(client.delete_service().id(&id).send().await),
        "ResourceInUse"
    );
    let many = client
        .discover_instances()
        .namespace_name("shop")
        .service_name("api");
    assert_eq!(code(many.max_results(1_001).send().await), "InvalidInput");
}

#[tokio::test]
async fn lists_are_paged_and_filtered() {
    let lab = lab("[cloudmap.servers]\nzones = { a = 5 }").await;
    let client = client(&lab, static_keys(&lab));
    let id = service_id(&client).await;
    let mut pages = client
        .list_instances()
        .service_id(&id)
        .max_results(2)
        .into_paginator()
        .send();
    let mut sizes = Vec::new();
    while let Some(page) = pages.next().await {
        sizes.push(page.unwrap().instances().len());
    }
    assert_eq!(sizes, [2, 2, 1]);
    let namespaces = client.list_namespaces().send().await.unwrap();
    assert_eq!(namespaces.namespaces()[0].name(), Some(NAMESPACE));
}

#[tokio::test]
async fn the_accounts_bucket_refuses_in_the_services_words() {
    let lab = lab("[cloudmap.discover]\nthrottle = { rate = 0, burst = 3 }").await;
    let client = client(&lab, static_keys(&lab));
    let asked = || {
        let asked = client.discover_instances().namespace_name(NAMESPACE);
        asked.service_name(SERVICE).send()
    };
    for _ in 0..3 {
        assert!(asked().await.is_ok());
    }
    assert_eq!(code(asked().await), "RequestLimitExceeded");
    let counted = count(&lab, "cloudmap:DiscoverInstances");
    assert_eq!((counted.count, counted.ok, counted.throttled), (4, 3, 1));
    // The revision has a bucket of its own.
    let revision = client
        .discover_instances_revision()
        .namespace_name(NAMESPACE);
    assert!(revision.service_name(SERVICE).send().await.is_ok());
}

fn lookup(lab: &Lab, name: &str) -> Lookup {
    Lookup {
        server: lab.dns_address(),
        name: name.to_owned(),
        within: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn dns_shows_eight_healthy_addresses_of_private_namespaces_and_nothing_else() {
    let lab = lab("[cloudmap.servers]\nzones = {}").await;
    let client = client(&lab, static_keys(&lab));
    let name = format!("{SERVICE}.{NAMESPACE}");
    for number in 1..=10 {
        let address = format!("10.0.0.{number}");
        let attributes = [("AWS_INSTANCE_IPV4", address.as_str())];
        register(&client, &format!("i-{number}"), &attributes).await;
    }
    assert_eq!(lookup(&lab, &name).addresses().await.unwrap().len(), 8);
    let id = service_id(&client).await;
    for number in 3..=10 {
        let ill = client
            .update_instance_custom_health_status()
            .service_id(&id);
        let ill = ill.instance_id(format!("i-{number}"));
        ill.status(CustomHealthStatus::Unhealthy)
            .send()
            .await
            .unwrap();
    }
    let mut healthy = lookup(&lab, &name).addresses().await.unwrap();
    healthy.sort();
    let texts: Vec<String> = healthy.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["10.0.0.1", "10.0.0.2"]);
    let one = format!("i-7.{name}");
    assert_eq!(
        lookup(&lab, &one).addresses().await.unwrap()[0].to_string(),
        "10.0.0.7"
    );
    service(&client, "shop", false).await;
    for unknown in ["api.shop", "nothing.grpc.demo", "example.com"] {
        let answer = lookup(&lab, unknown).addresses().await;
        assert!(
            matches!(answer, Err(DnsError::Refused { .. })),
            "{unknown}: {answer:?}"
        );
    }
    assert_eq!(count(&lab, "dns:A").count, 6);
}

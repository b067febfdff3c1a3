//! What goes wrong around a service, each survived: no call fails that a healthy instance could have
//! served.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_servicediscovery::types::CustomHealthStatus;
use awscreds_bench::discovery::{
    Balanced, CloudMap, DiscoverError, DiscoverErrorKind, Policy, Resolver,
};

use super::world::{
    POLICIES, POLLING, Server, caller, client, register, served, service_id, target,
};
use crate::support::{count, lab, static_keys};

/// Calls until `until` says that it is enough; every one must be served.
async fn calls_until(caller: &Balanced, mut until: impl FnMut(&str) -> bool) -> usize {
    let mut calls = 0;
    loop {
        let instance = served(caller, 1).await.remove(0);
        calls += 1;
        if until(&instance) {
            return calls;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_empty_own_zone_empty_others_and_a_single_zone() {
    for zones in ["{ b = 1, c = 1 }", "{ a = 2 }", "{ a = 1 }", "{ b = 1 }"] {
        let lab = lab(&format!("[cloudmap.servers]\nzones = {zones}")).await;
        for policy in POLICIES {
            let caller = caller(&lab, policy).await;
            assert_eq!(served(&caller, 30).await.len(), 30, "{zones} {policy}");
        }
    }
}

#[tokio::test]
async fn an_instance_without_a_port_is_left_out_and_one_without_a_zone_is_used() {
    let lab = lab("[cloudmap.servers]\nzones = { a = 1 }").await;
    let client = client(&lab, static_keys(&lab));
    register(&client, "portless", &[("AWS_INSTANCE_IPV4", "127.0.0.1")]).await;
    register(&client, "homeless", &[("AVAILABILITY_ZONE", "eu-west-1a")]).await;
    let server = Server::start();
    let port = server.address.port().to_string();
    let attributes = [
        ("AWS_INSTANCE_IPV4", "127.0.0.1"),
        ("AWS_INSTANCE_PORT", port.as_str()),
    ];
    register(&client, "zoneless", &attributes).await;
    for policy in POLICIES {
        let caller = caller(&lab, policy).await;
        let instances = served(&caller, 60).await;
        assert_eq!(caller.resolver().counts().unusable, 2);
        let zoneless = instances.iter().filter(|id| *id == "zoneless").count();
        match policy {
            Policy::PreferAz => assert_eq!(zoneless, 0),
            _ => assert!((10..50).contains(&zoneless), "{policy}: {zoneless}"),
        }
    }
}

#[tokio::test]
async fn throttled_discovery_leaves_the_last_good_answer() {
    let throttled = "[cloudmap.discover]\nthrottle = { rate = 0, burst = 1 }\n\
                     [cloudmap.revision]\nthrottle = { rate = 0, burst = 1 }";
    let lab = lab(throttled).await;
    let caller = caller(&lab, Policy::Random).await;
    let resolver = caller.resolver();
    calls_until(&caller, |_| resolver.counts().throttled >= 3).await;
    assert_eq!(count(&lab, "cloudmap:DiscoverInstances").ok, 1);
}

#[tokio::test]
async fn discovery_that_is_gone_leaves_the_last_good_answer() {
    let lab = lab("[cloudmap.servers]\nzones = {}").await;
    let servers = [Server::start(), Server::start()];
    let sdk = client(&lab, static_keys(&lab));
    for (server, id) in servers.iter().zip(["one", "two"]) {
        server.register(&sdk, id, "eu-west-1a").await;
    }
    let caller = caller(&lab, Policy::Random).await;
    lab.stop().await;
    let resolver = caller.resolver();
    calls_until(&caller, |_| resolver.counts().failed >= 3).await;
}

#[tokio::test]
async fn an_instance_that_dies_is_left_at_once() {
    for policy in POLICIES {
        let lab = lab("[cloudmap.servers]\nzones = { b = 1 }").await;
        let sdk = client(&lab, static_keys(&lab));
        let server = Server::start();
        server.register(&sdk, "mortal", "eu-west-1a").await;
        let caller = caller(&lab, policy).await;
        calls_until(&caller, |instance| instance == "mortal").await;
        drop(server);
        let after = served(&caller, 50).await;
        assert!(
            after.iter().all(|instance| instance == "server-b1"),
            "{policy}: {after:?}"
        );
    }
}

#[tokio::test]
async fn an_instance_that_is_added_is_used_after_the_next_poll() {
    let lab = lab("[cloudmap.servers]\nzones = { b = 1 }").await;
    let sdk = client(&lab, static_keys(&lab));
    let caller = caller(&lab, Policy::PreferAz).await;
    served(&caller, 5).await;
    let server = Server::start();
    let resolver = caller.resolver();
    let polls = || resolver.counts().revisions + resolver.counts().refreshes;
    let before = polls();
    server.register(&sdk, "new", "eu-west-1a").await;
    let registered = polls();
    calls_until(&caller, |instance| instance == "new").await;
    assert!(polls() > before);
    // One may have been under way, the next one sees the change, and a full answer follows; a busy machine may
    // poll as often again before it calls.
    let since = polls() - registered;
    assert!(since <= 8, "{since}");
}

#[tokio::test]
async fn an_instance_that_falls_ill_is_left_with_the_next_full_answer() {
    let lab = lab("[cloudmap.servers]\nzones = { a = 1, b = 1 }").await;
    let sdk = client(&lab, static_keys(&lab));
    let caller = caller(&lab, Policy::Random).await;
    calls_until(&caller, |instance| instance == "server-a1").await;
    let ill = sdk.update_instance_custom_health_status();
    let ill = ill
        .service_id(service_id(&sdk).await)
        .instance_id("server-a1");
    ill.status(CustomHealthStatus::Unhealthy)
        .send()
        .await
        .unwrap();
    let resolver = caller.resolver();
    let before = resolver.counts().refreshes;
    // One full answer may have been under way already.
    calls_until(&caller, |_| resolver.counts().refreshes >= before + 2).await;
    let after = served(&caller, 50).await;
    assert!(
        after.iter().all(|instance| instance == "server-b1"),
        "{after:?}"
    );
}

#[tokio::test]
async fn nobody_left_is_an_error_and_not_a_panic() {
    let lab = lab("[cloudmap.servers]\nzones = {}").await;
    for policy in POLICIES {
        let caller = caller(&lab, policy).await;
        let error = caller.check("").await.unwrap_err().to_string();
        assert!(error.contains("no instances"), "{error}");
    }
}

#[tokio::test]
async fn an_unknown_service_is_told_at_once() {
    let lab = lab("").await;
    let mut unknown = target();
    unknown.service = "nothing".to_owned();
    let source = CloudMap {
        client: client(&lab, static_keys(&lab)),
        target: unknown,
    };
    let hour = Duration::from_hours(1);
    let started = Resolver::start(Arc::new(source), None, POLLING, 1, hour).await;
    let DiscoverError { kind, message } = started.unwrap_err();
    assert_eq!(kind, DiscoverErrorKind::Denied);
    assert!(message.starts_with("ServiceNotFound"), "{message}");
    assert_eq!(count(&lab, "cloudmap:DiscoverInstances").count, 1);
}

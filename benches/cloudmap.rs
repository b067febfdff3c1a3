//! What balancing costs: one pick from a fleet, and a balanced call against one made directly.
//!
//! ```text
//! cargo bench --bench cloudmap
//! ```
//!
//! The two kinds of call go to health servers in the same process.

mod paired;

use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use awscreds_bench::discovery::{Balanced, Fleet, Found, Instance, Policy, Polling, Resolver};
use criterion::Criterion;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    picks(&mut criterion);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(overhead());
}

fn instance(number: usize, port: u16) -> Instance {
    let zone = ["a", "b", "c"][number % 3];
    Instance {
        id: format!("i-{number}"),
        host: "127.0.0.1".to_owned(),
        port,
        zone: Some(zone.to_owned()),
    }
}

fn picks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one pick");
    for size in [3, 100, 1_000] {
        let instances = (0..size).map(|number| instance(number, 1)).collect();
        let fleet = Fleet::new(instances, Some("a"), &Fleet::default());
        for policy in [Policy::Random, Policy::SameAz(50.0), Policy::PreferAz] {
            let mut random = SmallRng::seed_from_u64(1);
            group.bench_function(format!("{policy}, {size} instances"), |bencher| {
                bencher.iter(|| policy.pick(black_box(&fleet), Duration::ZERO, &mut random));
            });
        }
    }
    group.finish();
}

async fn overhead() {
    let servers = servers::start(3).await;
    let instances: Vec<Instance> = servers
        .iter()
        .enumerate()
        .map(|(number, port)| instance(number, *port))
        .collect();
    let endpoint = format!("http://{}", instances[0].authority());
    let direct = Endpoint::from_shared(endpoint)
        .expect("a URL")
        .tcp_nodelay(true);
    let direct = direct.connect().await.expect("a connection");
    let source = Arc::new(Found {
        instances,
        revision: Some(1),
        ..Found::default()
    });
    let (zone, patience) = (Some("a".to_owned()), Duration::from_secs(5));
    let resolver = Resolver::start(source, zone, Polling::default(), 1, patience);
    let resolver = resolver.await.expect("an answer");
    let balanced = Balanced::new(resolver, Policy::PreferAz, None, 1);
    let names = ["a direct call", "a balanced one"];
    let direct = async || call_directly(&direct).await;
    let balanced = async || {
        balanced.check("").await.expect("served");
    };
    paired::compare("cloudmap", names, 250, direct, balanced).await;
}

async fn call_directly(channel: &Channel) {
    let request = HealthCheckRequest::default();
    let answer = HealthClient::new(channel.clone()).check(request).await;
    answer.expect("served");
}

/// Servers that answer at once.
mod servers {
    use tonic::transport::server::TcpIncoming;

    /// Starts them; gives their ports.
    pub async fn start(count: usize) -> Vec<u16> {
        let mut ports = Vec::new();
        for _ in 0..count {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
            let listener = listener.await.expect("a free port");
            ports.push(listener.local_addr().expect("an address").port());
            let (_, health) = tonic_health::server::health_reporter();
            let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
            let server = tonic::transport::Server::builder();
            tokio::spawn(server.serve_with_incoming(health, incoming));
        }
        ports
    }
}

//! What balancing costs: one pick from a fleet, and a balanced call against one made directly.
//!
//! ```text
//! cargo bench --bench cloudmap
//! ```
//!
//! The two kinds of call go to health servers in the same process, and alternate in random order,
//! so that a busy machine slows both alike.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use awscreds_bench::clock;
use awscreds_bench::discovery::{
    Balanced, Fleet, Found, Instance, Policy, Polling, Resolver, Security, Timing,
};
use criterion::Criterion;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

const WARM_UP: usize = 2_000;
/// Pairs of calls, in as many blocks as the interval is resampled from.
const BLOCKS: usize = 40;
const PAIRS: usize = 250;
const RESAMPLES: usize = 2_000;

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
    let timing = Timing {
        time: SharedTimeSource::new(clock::Monotonic),
        sleep: SharedAsyncSleep::new(TokioSleep::new()),
    };
    let source = Arc::new(Found {
        instances,
        revision: Some(1),
        ..Found::default()
    });
    let (zone, patience) = (Some("a".to_owned()), Duration::from_secs(5));
    let resolver = Resolver::start(source, zone, Polling::default(), 1, patience, timing);
    let resolver = Arc::new(resolver.await.expect("an answer"));
    let balanced = Balanced::new(resolver, Policy::PreferAz, Security::Plain, 1);
    for _ in 0..WARM_UP {
        call_directly(&direct).await;
        balanced.check("").await.expect("served");
    }
    let mut random = SmallRng::seed_from_u64(1);
    let mut blocks = Vec::new();
    for _ in 0..BLOCKS {
        let mut block = [Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS)];
        for _ in 0..PAIRS {
            let first = random.random::<bool>();
            for kind in [first, !first] {
                let start = Instant::now();
                if kind {
                    balanced.check("").await.expect("served");
                } else {
                    call_directly(&direct).await;
                }
                block[usize::from(kind)].push(start.elapsed());
            }
        }
        blocks.push(block);
    }
    report(&blocks, &mut random);
}

async fn call_directly(channel: &Channel) {
    let request = HealthCheckRequest::default();
    let answer = HealthClient::new(channel.clone()).check(request).await;
    answer.expect("served");
}

fn report(blocks: &[[Vec<Duration>; 2]], random: &mut SmallRng) {
    let all: Vec<usize> = (0..BLOCKS).collect();
    let mut ratios: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let picks = (0..BLOCKS).map(|_| random.random_range(0..BLOCKS));
            let picks: Vec<usize> = picks.collect();
            median(blocks, &picks, 1) / median(blocks, &picks, 0)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let (direct, balanced) = (median(blocks, &all, 0), median(blocks, &all, 1));
    println!(
        "cloudmap: a direct call takes {:.1} µs at the median, a balanced one {:.1} µs: ratio {:.3} (95 % \
         interval {:.3} … {:.3}, {} pairs of calls)",
        direct * 1e6,
        balanced * 1e6,
        balanced / direct,
        ratios[RESAMPLES / 40],
        ratios[RESAMPLES - 1 - RESAMPLES / 40],
        BLOCKS * PAIRS,
    );
}

/// Seconds.
fn median(blocks: &[[Vec<Duration>; 2]], picks: &[usize], kind: usize) -> f64 {
    let mut times: Vec<Duration> = picks
        .iter()
        .flat_map(|at| &blocks[*at][kind])
        .copied()
        .collect();
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64()
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

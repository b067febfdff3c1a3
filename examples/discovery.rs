//! Instances of a service, and which of them a policy calls.
//!
//! ```text
//! cargo run --example discovery --no-default-features --features discovery
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use awscreds_bench::discovery::{Found, Instance, Policy, Polling, Resolver};

const PICKS: usize = 10_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // A list that is configured; `CloudMap { client, target }` in its place asks AWS Cloud Map.
    let zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
    let instances = zones.iter().zip(1..).map(|(zone, number)| Instance {
        id: format!("server-{number}"),
        host: format!("10.0.0.{number}"),
        port: 50_051,
        zone: Some((*zone).to_owned()),
    });
    let source = Found {
        instances: instances.collect(),
        ..Found::default()
    };
    let resolver = Resolver::start(
        Arc::new(source),
        Some("eu-west-1a".to_owned()),
        Polling::default(),
        1,
        Duration::from_secs(5),
    );
    let resolver = resolver.await?;

    let fleet = resolver.fleet();
    for policy in [Policy::Random, Policy::SameAz(50.0), Policy::PreferAz] {
        let mut picks: BTreeMap<String, usize> = BTreeMap::new();
        for _ in 0..PICKS {
            let picked = policy.pick(&fleet, resolver.now(), &mut rand::rng());
            let instance = &fleet.members()[picked.ok_or("no instances")?].instance;
            *picks.entry(instance.authority()).or_default() += 1;
        }
        println!("{policy}: {picks:?}");
    }
    Ok(())
}

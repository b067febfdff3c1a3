//! One process: a player, and the calls that it makes.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::client::Client;
use super::clock::{Clock, START};
use super::go::{self, GoCredentials, GoSwapper};
use super::lazy::Lazy;
use super::record::Record;
use super::shared_cell::SharedCell;
use super::source::{Source, locked};
use super::terms::{Player, Terms};
use crate::strategies::{
    Advisory, InBackground, Options, Refresher, RenewalStrategy, RenewingProvider, Strategy,
    Swapper,
};

/// What all processes of one player share.
pub(super) struct World {
    pub terms: Terms,
    pub clock: Clock,
    pub source: Arc<Source>,
    pub cell: SharedCell,
    pub record: Mutex<Record>,
}

/// Lives the life of process `number`, which starts now.
pub(super) async fn live(player: Player, number: u32, world: Arc<World>) {
    let client = start(player, number, &world).await;
    let every = world.terms.call_every;
    // Processes that start together do not call together.
    let phase = match number {
        0 => 0.0,
        _ => SmallRng::seed_from_u64(seed(number, &world.terms)).random(),
    };
    let mut at = world.clock.elapsed() + every.mul_f64(phase);
    while at < world.terms.duration {
        world.clock.reach(at).await;
        at += every;
        let mut call: Pin<Box<_>> = Box::pin(make_call(Arc::clone(&client), Arc::clone(&world)));
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_pending() {
            tokio::spawn(call);
        } else if let Some(quiet) = client.quiet_until() {
            // The calls until then only read what is held; but one has to see the end of the outage.
            let quiet = quiet.duration_since(START).unwrap_or_default();
            let outage_ends = world.terms.outage.map(|outage| outage.until);
            let seen = outage_ends.filter(|&ends| at <= ends);
            let quiet = seen.map_or(quiet, |ends| quiet.min(ends));
            let left = quiet.saturating_sub(at).as_nanos();
            at += every * left.div_ceil(every.as_nanos()) as u32;
        }
    }
}

/// The player in process `number`.
async fn start(player: Player, number: u32, world: &World) -> Arc<dyn Client> {
    let (provider, clock) = (world.source.provider(), world.clock);
    let options = Options {
        windows: world.terms.windows,
        time_source: SharedTimeSource::new(clock),
        seed: Some(seed(number, &world.terms)),
        ..Options::default()
    };
    match player {
        Player::Go => GoCredentials::new(provider, clock, Duration::ZERO),
        Player::GoRefresher => go::refresher(provider, clock, Duration::ZERO).await,
        Player::GoRefresherWindow => go::refresher(provider, clock, Duration::from_mins(10)).await,
        Player::GoSwapper => GoSwapper::start(provider, clock, None).await,
        Player::GoSwapperFailedTick => {
            let failing = go::middle_tick(world.terms.duration);
            GoSwapper::start(provider, clock, Some(failing)).await
        }
        Player::Rust(Strategy::Lazy) => Lazy::new(provider, clock),
        Player::Rust(Strategy::Advisory) => ready(Advisory::new(provider, options)).await,
        Player::Rust(Strategy::Refresher) => in_background(Refresher::new(provider, options)).await,
        Player::Rust(Strategy::Swapper) => {
            let factory = move || {
                let provider = provider.clone();
                async move { provider.provide_credentials().await }
            };
            in_background(Swapper::new(factory, options)).await
        }
        Player::Rust(Strategy::FileCache) => {
            ready(Advisory::new(world.cell.clone(), options)).await
        }
    }
}

async fn in_background<S: InBackground>(strategy: RenewingProvider<S>) -> Arc<dyn Client> {
    let running = strategy.clone();
    let client = ready(strategy).await;
    tokio::spawn(async move { running.run(std::future::pending()).await });
    client
}

/// Ours have their first credentials before the first call; without, calls find out.
async fn ready<S: RenewalStrategy>(strategy: RenewingProvider<S>) -> Arc<dyn Client> {
    let _ = strategy.ready().await;
    Arc::new(strategy)
}

fn seed(number: u32, terms: &Terms) -> u64 {
    terms.seed ^ (u64::from(number) << 32)
}

/// One call: credentials, and a service that refuses expired ones.
async fn make_call(client: Arc<dyn Client>, world: Arc<World>) {
    let start = world.clock.elapsed();
    let mut providing = std::pin::pin!(client.provide());
    let mut waited = false;
    let provided = std::future::poll_fn(|cx| {
        let polled = providing.as_mut().poll(cx);
        waited |= polled.is_pending();
        polled
    })
    .await;
    let end = world.clock.elapsed();
    let mut record = locked(&world.record);
    if waited {
        record.waits.push((start, end));
    }
    let now = world.clock.now();
    let expired = |credentials: &Credentials| credentials.expiry().is_some_and(|at| now >= at);
    match provided {
        Ok(credentials) if expired(&credentials) => {
            client.refused(credentials.access_key_id());
            record.stale(end);
        }
        Ok(_) => record.served(end),
        Err(_) => record.without += 1,
    }
}

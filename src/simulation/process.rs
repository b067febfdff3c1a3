//! One process: a player, and the calls that it makes.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_async::time::{SharedTimeSource, TimeSource};
use aws_smithy_runtime_api::box_error::BoxError;
use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::clock::{Clock, START};
use super::go::{self, GoCredentials, Slot};
use super::lazy::Lazy;
use super::record::Record;
use super::shared_cell::SharedCell;
use super::source::{Provider, Source};
use super::terms::{Player, Terms};
use crate::credentials::{Advisory, Options, Refresher, Strategy, Swapper};

/// What all processes of one player share.
pub(super) struct World {
    pub terms: Terms,
    pub clock: Clock,
    pub source: Source,
    pub cell: SharedCell,
    pub record: Record,
}

/// A player at work in one process.
#[derive(Clone, Debug)]
enum Working {
    Go(Arc<GoCredentials>),
    GoSwapper(Slot),
    Lazy(Arc<Lazy>),
    Advisory(Advisory),
    Refresher(Refresher),
    Swapper(Swapper),
}

/// Lives the life of process `number`, which starts now.
pub(super) async fn live(player: Player, number: u32, world: Arc<World>) {
    let working = Working::start(player, number, &world).await;
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
        let mut call: Pin<Box<_>> = Box::pin(make_call(working.clone(), Arc::clone(&world)));
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        if polled.is_pending() {
            tokio::spawn(call);
        } else if let Some(quiet) = working.quiet_until() {
            // The calls until then only read what is held; but one has to see the end of the outage.
            let quiet = quiet.duration_since(START).unwrap_or_default();
            let outage_ends = world.terms.outage.map(|outage| outage.until);
            let seen = outage_ends.filter(|&ends| at <= ends);
            let quiet = seen.map_or(quiet, |ends| quiet.min(ends));
            let skipped = quiet
                .saturating_sub(at)
                .as_nanos()
                .div_ceil(every.as_nanos()) as u32;
            at += every * skipped;
        }
    }
}

impl Working {
    async fn start(player: Player, number: u32, world: &World) -> Self {
        let (provider, clock) = (world.source.provider(), world.clock);
        let options = options(number, world);
        match player {
            Player::Go => Self::Go(GoCredentials::new(provider, clock, Duration::ZERO)),
            Player::GoRefresher => Self::go_refresher(provider, clock, Duration::ZERO).await,
            Player::GoRefresherWindow => {
                Self::go_refresher(provider, clock, Duration::from_mins(10)).await
            }
            Player::GoSwapper => Self::go_swapper(provider, clock, None).await,
            Player::GoSwapperFailedTick => {
                let failing = go::middle_tick(world.terms.duration);
                Self::go_swapper(provider, clock, Some(failing)).await
            }
            Player::Rust(Strategy::Lazy) => Self::Lazy(Lazy::new(provider, clock)),
            Player::Rust(strategy) => Self::ours(strategy, options, world).await,
        }
    }

    async fn go_refresher(provider: Provider, clock: Clock, window: Duration) -> Self {
        let credentials = GoCredentials::new(provider, clock, window);
        let _ = credentials.retrieve().await;
        tokio::spawn(go::refresh(Arc::clone(&credentials)));
        Self::Go(credentials)
    }

    async fn go_swapper(provider: Provider, clock: Clock, failing: Option<u64>) -> Self {
        let credentials = GoCredentials::new(provider.clone(), clock, Duration::ZERO);
        let _ = credentials.retrieve().await;
        let slot = Arc::new(ArcSwap::new(credentials));
        tokio::spawn(go::swap(Arc::clone(&slot), provider, clock, failing));
        Self::GoSwapper(slot)
    }

    /// Ours have their first credentials before the first call; without, calls find out.
    async fn ours(strategy: Strategy, options: Options, world: &World) -> Self {
        let provider = SharedCredentialsProvider::new(world.source.provider());
        match strategy {
            Strategy::Refresher => {
                let refresher = Refresher::new(provider, options);
                let _ = refresher.ready().await;
                let running = refresher.clone();
                tokio::spawn(async move { running.run(std::future::pending()).await });
                Self::Refresher(refresher)
            }
            Strategy::Swapper => {
                let factory = move || {
                    let provider = provider.clone();
                    async move { provider.provide_credentials().await }
                };
                let swapper = Swapper::new(factory, options);
                let _ = swapper.ready().await;
                let running = swapper.clone();
                tokio::spawn(async move { running.run(std::future::pending()).await });
                Self::Swapper(swapper)
            }
            Strategy::Lazy | Strategy::Advisory | Strategy::FileCache => {
                let advisory = if strategy == Strategy::FileCache {
                    Advisory::new(world.cell.clone(), options)
                } else {
                    Advisory::new(provider, options)
                };
                let _ = advisory.ready().await;
                Self::Advisory(advisory)
            }
        }
    }

    async fn provide(&self) -> Result<Credentials, BoxError> {
        Ok(match self {
            Self::Go(credentials) => credentials.retrieve().await?,
            Self::GoSwapper(slot) => {
                let credentials = slot.load_full();
                credentials.retrieve().await?
            }
            Self::Lazy(lazy) => lazy.provide().await?,
            Self::Advisory(advisory) => advisory.provide_credentials().await?,
            Self::Refresher(refresher) => refresher.provide_credentials().await?,
            Self::Swapper(swapper) => swapper.provide_credentials().await?,
        })
    }

    /// A service refused the credentials. Only ours take notice.
    fn refused(&self, access_key_id: &str) {
        match self {
            Self::Go(_) | Self::GoSwapper(_) | Self::Lazy(_) => (),
            Self::Advisory(advisory) => advisory.on_refusal().refuse(access_key_id),
            Self::Refresher(refresher) => refresher.on_refusal().refuse(access_key_id),
            Self::Swapper(swapper) => swapper.on_refusal().refuse(access_key_id),
        }
    }

    /// When a call will next do more than read; `None` if it might now.
    fn quiet_until(&self) -> Option<SystemTime> {
        match self {
            Self::Go(credentials) => credentials.quiet_until(),
            Self::GoSwapper(slot) => slot.load().quiet_until(),
            Self::Lazy(lazy) => lazy.quiet_until(),
            Self::Advisory(advisory) => advisory.quiet_until(),
            Self::Refresher(refresher) => refresher.quiet_until(),
            Self::Swapper(swapper) => swapper.quiet_until(),
        }
    }
}

fn options(number: u32, world: &World) -> Options {
    Options {
        windows: world.terms.windows,
        time_source: SharedTimeSource::new(world.clock),
        seed: Some(seed(number, &world.terms)),
        ..Options::default()
    }
}

fn seed(number: u32, terms: &Terms) -> u64 {
    terms.seed ^ (u64::from(number) << 32)
}

/// One call: credentials, and a service that refuses expired ones.
async fn make_call(working: Working, world: Arc<World>) {
    let start = world.clock.elapsed();
    let mut providing = std::pin::pin!(working.provide());
    let mut waited = false;
    let provided = std::future::poll_fn(|cx| {
        let polled = providing.as_mut().poll(cx);
        waited |= polled.is_pending();
        polled
    })
    .await;
    let end = world.clock.elapsed();
    if waited {
        world.record.waited(start, end);
    }
    match provided {
        Ok(credentials) if expired(&credentials, world.clock) => {
            working.refused(credentials.access_key_id());
            world.record.stale(end);
        }
        Ok(_) => world.record.served(end),
        Err(_) => world.record.without(),
    }
}

fn expired(credentials: &Credentials, clock: Clock) -> bool {
    credentials
        .expiry()
        .is_some_and(|expiry| clock.now() >= expiry)
}

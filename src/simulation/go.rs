//! The Go package's helpers, with the semantics of aws-sdk-go v1's `credentials.Credentials`: `Get()` fetches
//! when what it has is expired, one fetch at a time, and otherwise returns what it has.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_async::time::TimeSource;
use tokio::sync::Mutex;

use super::clock::Clock;
use super::source::Provider;

/// The period of both helpers' timers.
const PERIOD: Duration = Duration::from_secs(55 * 60);

/// `credentials.Credentials`.
#[derive(Debug)]
pub(super) struct GoCredentials {
    provider: Provider,
    clock: Clock,
    /// Time before the expiry from which the credentials count as expired.
    window: Duration,
    held: Mutex<Option<Credentials>>,
}

impl GoCredentials {
    pub fn new(provider: Provider, clock: Clock, window: Duration) -> Arc<Self> {
        Arc::new(Self {
            provider,
            clock,
            window,
            held: Mutex::default(),
        })
    }

    /// `Get()`.
    pub async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        if let Some(held) = &*held
            && self.fresh_until(held) > self.clock.now()
        {
            return Ok(held.clone());
        }
        let fetched = self.provider.provide_credentials().await?;
        *held = Some(fetched.clone());
        Ok(fetched)
    }

    fn fresh_until(&self, held: &Credentials) -> SystemTime {
        held.expiry()
            .map_or(SystemTime::UNIX_EPOCH, |at| at - self.window)
    }

    /// When `Get()` will next fetch; `None` if it would now, or is at it.
    pub fn quiet_until(&self) -> Option<SystemTime> {
        let held = self.held.try_lock().ok()?;
        held.as_ref().map(|held| self.fresh_until(held))
    }
}

/// `Refresher.Run`: calls `Get()` at every tick.
pub(super) async fn refresh(credentials: Arc<GoCredentials>) {
    loop {
        tokio::time::sleep(PERIOD).await;
        // It logs a failure and waits for the next tick.
        let _ = credentials.retrieve().await;
    }
}

/// The credentials that a Swapper has put under its client.
pub(super) type Slot = Arc<ArcSwap<GoCredentials>>;

/// `Swapper.Run`: at every tick a factory makes credentials and fetches them; if that fails, the old ones stay
/// for another period. `failing` is the tick to fail, counted from 1.
pub(super) async fn swap(slot: Slot, provider: Provider, clock: Clock, failing: Option<u64>) {
    for tick in 1u64.. {
        tokio::time::sleep(PERIOD).await;
        let made = GoCredentials::new(provider.clone(), clock, Duration::ZERO);
        if failing != Some(tick) && made.retrieve().await.is_ok() {
            slot.store(made);
        }
    }
}

/// The first tick after half of `duration`.
pub(super) fn middle_tick(duration: Duration) -> u64 {
    (duration.as_secs() / 2).div_ceil(PERIOD.as_secs())
}

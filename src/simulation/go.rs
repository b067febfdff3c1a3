//! The Go package's helpers, with the semantics of aws-sdk-go v1's `credentials.Credentials`: `Get()` fetches
//! when what it has is expired, one fetch at a time, and otherwise returns what it has.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use tokio::sync::Mutex;

use super::client::Client;
use super::clock::Clock;

/// The period of both helpers' timers.
const PERIOD: Duration = Duration::from_mins(55);

/// `credentials.Credentials`.
pub(super) struct GoCredentials {
    provider: SharedCredentialsProvider,
    clock: Clock,
    /// Time before the expiry from which the credentials count as expired.
    window: Duration,
    held: Mutex<Option<Credentials>>,
}

impl GoCredentials {
    pub fn new(provider: SharedCredentialsProvider, clock: Clock, window: Duration) -> Arc<Self> {
        Arc::new(Self {
            provider,
            clock,
            window,
            held: Mutex::default(),
        })
    }

    /// `Get()`.
    async fn retrieve(&self) -> Result<Credentials, CredentialsError> {
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
}

impl Client for GoCredentials {
    fn provide(&self) -> future::ProvideCredentials<'_> {
        future::ProvideCredentials::new(self.retrieve())
    }

    fn quiet_until(&self) -> Option<SystemTime> {
        // Whoever has the lock is fetching.
        let held = self.held.try_lock().ok()?;
        held.as_ref().map(|held| self.fresh_until(held))
    }
}

/// `Refresher.Run`: `Get()` at once and at every tick.
pub(super) async fn refresher(
    provider: SharedCredentialsProvider,
    clock: Clock,
    window: Duration,
) -> Arc<GoCredentials> {
    let credentials = GoCredentials::new(provider, clock, window);
    // It logs a failure and waits for the next tick.
    let _ = credentials.retrieve().await;
    let ticking = Arc::clone(&credentials);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(PERIOD).await;
            let _ = ticking.retrieve().await;
        }
    });
    credentials
}

/// The credentials that a Swapper has put under its client.
pub(super) struct GoSwapper(ArcSwap<GoCredentials>);

impl GoSwapper {
    /// `Swapper.Run`: at every tick a factory makes credentials and fetches them; if that fails, the old ones stay
    /// for another period. `failing` is the tick to fail, counted from 1.
    pub async fn start(
        provider: SharedCredentialsProvider,
        clock: Clock,
        failing: Option<u64>,
    ) -> Arc<Self> {
        let credentials = GoCredentials::new(provider.clone(), clock, Duration::ZERO);
        let _ = credentials.retrieve().await;
        let swapper = Arc::new(Self(ArcSwap::new(credentials)));
        let ticking = Arc::clone(&swapper);
        tokio::spawn(async move {
            for tick in 1u64.. {
                tokio::time::sleep(PERIOD).await;
                let made = GoCredentials::new(provider.clone(), clock, Duration::ZERO);
                if failing != Some(tick) && made.retrieve().await.is_ok() {
                    ticking.0.store(made);
                }
            }
        });
        swapper
    }
}

impl Client for GoSwapper {
    fn provide(&self) -> future::ProvideCredentials<'_> {
        let credentials = self.0.load_full();
        future::ProvideCredentials::new(async move { credentials.retrieve().await })
    }

    fn quiet_until(&self) -> Option<SystemTime> {
        self.0.load().quiet_until()
    }
}

/// The first tick after half of `duration`.
pub(super) fn middle_tick(duration: Duration) -> u64 {
    (duration.as_secs() / 2).div_ceil(PERIOD.as_secs())
}

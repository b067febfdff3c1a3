//! What a file shared by the processes of a node is on the virtual clock: the rules of the file cache without
//! the file.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use tokio::sync::Mutex;

use super::clock::Clock;
use crate::strategies::{Lease, Renew, Windows, lifetime};

/// The node's credentials. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct SharedCell {
    clock: Clock,
    provider: SharedCredentialsProvider,
    lease: Arc<Mutex<Option<Lease>>>,
}

impl SharedCell {
    /// Whoever fetches, fetches with `provider`: what it remembers, the cell does.
    pub fn new(clock: Clock, provider: SharedCredentialsProvider) -> Self {
        Self {
            clock,
            provider,
            lease: Arc::default(),
        }
    }
}

impl Renew for SharedCell {
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new(async move {
            let mut cell = self.lease.lock().await;
            let newer = cell.as_ref().filter(|lease| {
                let shared = lease.credentials.access_key_id();
                held.is_none_or(|held| held.access_key_id() != shared)
                    && lease.age(self.clock.now()).is_good()
            });
            if let Some(newer) = newer {
                return Ok(newer.credentials.clone());
            }
            let fetched = self.provider.provide_credentials().await?;
            let now = self.clock.now();
            let windows = Windows::of(lifetime(&fetched, now));
            *cell = Some(Lease::new(fetched.clone(), now, windows));
            Ok(fetched)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::simulation::source::Source;
    use crate::simulation::terms::SourceTerms;
    use crate::simulation::tests::day;

    #[tokio::test(start_paused = true)]
    async fn what_is_about_to_expire_is_good_for_nobody() {
        let clock = Clock::start();
        let terms = SourceTerms {
            latency: Duration::ZERO,
            ..day(Duration::from_hours(1)).source
        };
        let source = Source::new(clock, terms, None);
        let cell = SharedCell::new(clock, source.provider());
        // The mandatory window of credentials that last an hour is their last minute.
        for (at_s, fetches) in [(0, 1), (3539, 1), (3541, 2)] {
            clock.reach(Duration::from_secs(at_s)).await;
            cell.renew(None).await.expect("the source is well");
            assert_eq!(source.fetches().count, fetches, "{at_s} s");
        }
    }
}

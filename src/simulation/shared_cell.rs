//! What a file shared by the processes of a node is on the virtual clock: the rules of the file cache without
//! the file.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_async::time::TimeSource;
use tokio::sync::Mutex;

use super::clock::Clock;
use super::source::Provider;
use crate::credentials::{Renew, Windows};

/// The node's credentials. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct SharedCell {
    clock: Clock,
    provider: Provider,
    held: Arc<Mutex<Option<Credentials>>>,
}

impl SharedCell {
    /// Whoever fetches, fetches with `provider`: what it remembers, the cell does.
    pub fn new(clock: Clock, provider: Provider) -> Self {
        Self {
            clock,
            provider,
            held: Arc::default(),
        }
    }

    /// Whether there is nothing to be had from the source that would be better.
    fn good(&self, credentials: &Credentials) -> bool {
        let lasts = credentials
            .expiry()
            .and_then(|expiry| expiry.duration_since(self.clock.now()).ok())
            .unwrap_or_default();
        lasts > Windows::of(lasts).mandatory
    }
}

impl Renew for SharedCell {
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new(async move {
            let mut cell = self.held.lock().await;
            let newer = cell.as_ref().filter(|shared| {
                held.is_none_or(|held| held.access_key_id() != shared.access_key_id())
                    && self.good(shared)
            });
            if let Some(newer) = newer {
                return Ok(newer.clone());
            }
            let fetched = self.provider.provide_credentials().await?;
            *cell = Some(fetched.clone());
            Ok(fetched)
        })
    }
}

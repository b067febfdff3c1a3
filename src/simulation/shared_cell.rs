//! What a file shared by the processes of a node is on the virtual clock: the rules of the file cache without
//! the file.

use std::sync::Arc;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_async::time::TimeSource;
use tokio::sync::Mutex;

use super::clock::Clock;
use crate::credentials::{Renew, Windows};

/// The node's credentials. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct SharedCell {
    clock: Clock,
    held: Arc<Mutex<Option<Credentials>>>,
}

impl SharedCell {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            held: Arc::default(),
        }
    }

    /// The cell as one process renews through it.
    pub fn in_front_of(&self, provider: SharedCredentialsProvider) -> CellRenewal {
        CellRenewal {
            cell: self.clone(),
            provider,
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

#[derive(Debug)]
pub(super) struct CellRenewal {
    cell: SharedCell,
    provider: SharedCredentialsProvider,
}

impl Renew for CellRenewal {
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new(async move {
            let mut cell = self.cell.held.lock().await;
            let newer = cell.as_ref().filter(|shared| {
                held.is_none_or(|held| held.access_key_id() != shared.access_key_id())
                    && self.cell.good(shared)
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

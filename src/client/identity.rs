//! Times how each call comes by its credentials: a wrapper round the identity cache sees every call, a
//! wrapper round the provider sees the loads.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Weak};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{
    IdentityFuture, ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::timeline;
use crate::measure::{IdentityPath, Phase};

/// Credentials and the cache in front of them, both timed. Clients made with clones of one identity
/// share the cached credentials.
#[derive(Clone, Debug)]
pub struct Identity {
    pub(super) cache: SharedIdentityCache,
    pub(super) provider: SharedCredentialsProvider,
}

impl Identity {
    pub fn timed(cache: SharedIdentityCache, provider: SharedCredentialsProvider) -> Self {
        let loading = Arc::default();
        let cache = TimedCache {
            cache,
            loading: Some(Arc::downgrade(&loading)),
        };
        let provider = TimedProvider { provider, loading };
        Self {
            cache: SharedIdentityCache::new(cache),
            provider: SharedCredentialsProvider::new(provider),
        }
    }

    /// Credentials that `strategy` holds and renews, timed where calls ask for them. It fetches in a task of its
    /// own: a call either finds credentials there or waits for them.
    pub fn held(strategy: impl ProvideCredentials + 'static) -> Self {
        let cache = TimedCache {
            cache: IdentityCache::no_cache(),
            loading: None,
        };
        Self {
            cache: SharedIdentityCache::new(cache),
            provider: SharedCredentialsProvider::new(strategy),
        }
    }
}

#[derive(Debug)]
struct TimedCache {
    cache: SharedIdentityCache,
    /// The provider's, and one more for each load under way; `None` where calls do not load.
    loading: Option<Weak<()>>,
}

impl TimedCache {
    /// Whether a call that has to wait now waits for somebody else's load.
    fn others_load(&self) -> bool {
        let loading = self.loading.as_ref();
        loading.is_none_or(|loading| loading.strong_count() > 1)
    }
}

impl ResolveCachedIdentity for TimedCache {
    fn resolve_cached_identity<'a>(
        &'a self,
        resolver: SharedIdentityResolver,
        runtime_components: &'a RuntimeComponents,
        config_bag: &'a ConfigBag,
    ) -> IdentityFuture<'a> {
        IdentityFuture::new(async move {
            let others_load = self.others_load();
            timeline::write(|t| {
                t.loaded = false;
                t.enter(Phase::Identity);
            });
            let cached =
                self.cache
                    .resolve_cached_identity(resolver, runtime_components, config_bag);
            let (identity, waited) = noting_waits(cached).await;
            timeline::write(|t| {
                t.enter(Phase::Endpoint);
                t.sample.identity.add(if t.loaded {
                    IdentityPath::Load
                } else if others_load && waited {
                    IdentityPath::Wait
                } else {
                    IdentityPath::Hit
                });
            });
            identity
        })
    }
}

/// Awaits `future`, and tells whether it was ready at once.
async fn noting_waits<F: Future>(future: F) -> (F::Output, bool) {
    let mut future = pin!(future);
    let mut waited = false;
    let output = poll_fn(|cx| {
        let polled = future.as_mut().poll(cx);
        waited |= polled.is_pending();
        polled
    })
    .await;
    (output, waited)
}

#[derive(Debug)]
struct TimedProvider {
    provider: SharedCredentialsProvider,
    loading: Arc<()>,
}

impl ProvideCredentials for TimedProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            // For as long as the load goes on, also when it is given up on.
            let _loading = Arc::clone(&self.loading);
            timeline::write(|t| t.loaded = true);
            self.provider.provide_credentials().await
        })
    }

    fn fallback_on_interrupt(&self) -> Option<aws_credential_types::Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

//! The SDK's own identity cache, the real one, asked as the SDK's orchestrator asks it.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{SharedCredentialsProvider, future};
use aws_runtime::auth::sigv4::{self, SigV4AuthScheme};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_async::time::TimeSource;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime::client::orchestrator::endpoints::StaticUriEndpointResolver;
use aws_smithy_runtime::client::retries::strategy::NeverRetryStrategy;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::identity::{
    ResolveCachedIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{
    RuntimeComponents, RuntimeComponentsBuilder,
};
use aws_smithy_types::config_bag::ConfigBag;

use super::client::Client;
use super::clock::Clock;

/// The widest early window of the cache: half of its 10 seconds is left to chance.
const BUFFER: Duration = Duration::from_secs(10);

/// One client's cache, over one provider.
pub(super) struct Lazy {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    bag: ConfigBag,
    clock: Clock,
    last: Mutex<Option<SystemTime>>,
}

impl Lazy {
    pub fn new(provider: SharedCredentialsProvider, clock: Clock) -> Arc<Self> {
        let cache = IdentityCache::lazy().build();
        let components = RuntimeComponentsBuilder::new("simulation")
            .with_time_source(Some(clock))
            .with_sleep_impl(Some(TokioSleep::new()))
            // Parts of a client that a cache has no use for, and that a client cannot be without.
            .with_identity_cache(Some(cache.clone()))
            .with_auth_scheme_option_resolver(Some(StaticAuthSchemeOptionResolver::new(vec![])))
            .with_endpoint_resolver(Some(StaticUriEndpointResolver::http_localhost(0)))
            .with_retry_strategy(Some(NeverRetryStrategy::new()))
            .with_auth_scheme(SigV4AuthScheme::new())
            .with_identity_resolver(sigv4::SCHEME_ID, provider.clone())
            .build()
            .expect("every required component is given");
        Arc::new(Self {
            cache,
            resolver: SharedIdentityResolver::new(provider),
            components,
            bag: ConfigBag::base(),
            clock,
            last: Mutex::default(),
        })
    }

    async fn resolve(&self) -> Result<Credentials, CredentialsError> {
        let resolver = self.resolver.clone();
        let resolving = self
            .cache
            .resolve_cached_identity(resolver, &self.components, &self.bag);
        let identity = resolving.await.map_err(CredentialsError::provider_error)?;
        let credentials = identity.data::<Credentials>();
        let credentials = credentials.expect("the provider's identities are credentials");
        if let Ok(mut last) = self.last.lock() {
            *last = credentials.expiry();
        }
        Ok(credentials.clone())
    }
}

impl Client for Lazy {
    fn provide(&self) -> future::ProvideCredentials<'_> {
        future::ProvideCredentials::new(self.resolve())
    }

    fn quiet_until(&self) -> Option<SystemTime> {
        let last = *self.last.lock().ok()?;
        last.map(|expiry| expiry - BUFFER)
            .filter(|&quiet| quiet > self.clock.now())
    }
}

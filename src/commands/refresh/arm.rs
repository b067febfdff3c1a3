//! A strategy put under a client: the arm that measures it.

use std::sync::Arc;

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tempfile::TempDir;

use super::renewals::Renewals;
use crate::client::{ArmFacts, Identity, Setup, SetupError, sampled};
use crate::measure::Stop;
use crate::measure::load::CallFuture;
use crate::run::ArmCall;
use crate::strategies::{
    Advisory, CacheKey, FileCache, InBackground, Options, Refresher, RenewalStrategy,
    RenewingProvider, Strategy, Swapper, Windows,
};

/// What an arm is made of.
pub(super) struct StrategyArm {
    pub strategy: Strategy,
    pub setup: Arc<Setup>,
    /// Ends the strategy's background.
    pub stop: Stop,
    pub windows: Option<Windows>,
    pub seed: u64,
    /// Where the file cache keeps its file: a cache of the user's own would be measured warm.
    pub directory: Arc<TempDir>,
}

impl StrategyArm {
    /// An arm whose strategy has its first credentials, and the record of its renewals.
    pub async fn arm(self) -> Result<(ArmCall, Renewals), SetupError> {
        let facts = Arc::new(ArmFacts::default());
        let renewals = Renewals::default();
        let provider = renewals.observed_provider(self.setup.provider(&facts).await?);
        let (identity, watcher) = self.identity(provider).await;
        let sdk = self
            .setup
            .sdk_config(self.setup.connections(&facts)?, &identity);
        let mut config = aws_sdk_sts::config::Builder::from(&sdk);
        config.push_interceptor(self.setup.interceptor(&facts));
        if let Some(watcher) = watcher {
            config.push_interceptor(watcher);
        }
        let client = aws_sdk_sts::Client::from_conf(config.build());
        let call = move || -> CallFuture<'static> {
            Box::pin(sampled(Box::pin(client.get_caller_identity().send())))
        };
        let arm = ArmCall {
            name: self.strategy.name().to_owned(),
            call: renewals.observed_call(Arc::new(call)),
            facts,
        };
        Ok((arm, renewals))
    }

    /// The strategy as a client's identity, and the interceptor that tells it of refusals. A strategy that
    /// cannot fetch now is left to its calls, which say why.
    async fn identity(
        &self,
        provider: SharedCredentialsProvider,
    ) -> (Identity, Option<SharedInterceptor>) {
        let stop = self.stop.clone();
        match self.strategy {
            Strategy::Lazy => {
                let cache = IdentityCache::lazy().build();
                (Identity::timed(cache, provider), None)
            }
            Strategy::Advisory => ready(Advisory::new(provider, self.options())).await,
            Strategy::FileCache => {
                let cache = FileCache::builder(CacheKey::of([("command", "refresh")]))
                    .directory(self.directory.path())
                    .build(provider);
                ready(Advisory::new(cache, self.options())).await
            }
            Strategy::Refresher => {
                in_background(Refresher::new(provider, self.options()), stop).await
            }
            Strategy::Swapper => {
                let factory = move || {
                    let provider = provider.clone();
                    async move { provider.provide_credentials().await }
                };
                in_background(Swapper::new(factory, self.options()), stop).await
            }
        }
    }

    fn options(&self) -> Options {
        Options {
            windows: self.windows,
            seed: Some(self.seed),
            ..Options::default()
        }
    }
}

async fn in_background<S: InBackground>(
    strategy: RenewingProvider<S>,
    stop: Stop,
) -> (Identity, Option<SharedInterceptor>) {
    let running = strategy.clone();
    let ready = ready(strategy).await;
    tokio::spawn(async move { running.run(stop.stopped()).await });
    ready
}

async fn ready<S: RenewalStrategy>(
    strategy: RenewingProvider<S>,
) -> (Identity, Option<SharedInterceptor>) {
    let _ = strategy.ready().await;
    let watcher = SharedInterceptor::new(strategy.on_refusal());
    (Identity::held(strategy), Some(watcher))
}

//! A strategy put under a client: the arm that measures it, on a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tokio::runtime::{Builder, Runtime};

use super::renewals::{ObservedCall, ObservedProvider, Renewals};
use crate::client::{ArmFacts, Identity, Setup, SetupError, sampled};
use crate::clock;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Stop};
use crate::run::{ArmCall, Failure, Hint};
use crate::strategies::{
    Advisory, CacheKey, FileCache, InBackground, Options, Refresher, RenewalStrategy,
    RenewingProvider, Strategy, Swapper, Windows,
};

/// A client's identity, and the interceptor that tells its strategy of refusals.
type Watched = (Identity, Option<SharedInterceptor>);

/// What an arm is made of.
pub(super) struct StrategyArm {
    pub strategy: Strategy,
    pub setup: Arc<Setup>,
    /// Ends the strategy's background.
    pub stop: Stop,
    pub windows: Option<Windows>,
    pub seed: u64,
    /// Where the file cache keeps its file: a cache of the user's own would be measured warm.
    pub directory: PathBuf,
}

impl StrategyArm {
    /// An arm on a thread of its own whose strategy has its first credentials, and the record of its renewals.
    pub async fn start(self) -> Result<(ArmCall, Renewals), Failure> {
        let thread = OwnThread::start(self.strategy.name())
            .context("cannot start a thread")
            .hint("free some memory or raise the limit on processes")?;
        let (mut arm, renewals) = thread.run(self.arm()).await?;
        arm.call = Arc::new(OnThread {
            thread,
            call: arm.call,
        });
        Ok((arm, renewals))
    }

    async fn arm(self) -> Result<(ArmCall, Renewals), SetupError> {
        let (setup, renewals) = (&self.setup, Renewals::default());
        setup.check_endpoint("STS")?;
        let facts = Arc::new(ArmFacts::default());
        let provider = SharedCredentialsProvider::new(ObservedProvider {
            provider: setup.provider(&facts).await?,
            renewals: renewals.clone(),
        });
        let (identity, watcher) = self.identity(provider).await;
        let sdk = setup.sdk_config(setup.connections(&facts)?, &identity);
        let mut config = aws_sdk_sts::config::Builder::from(&sdk);
        config.push_interceptor(setup.interceptor(&facts));
        if let Some(watcher) = watcher {
            config.push_interceptor(watcher);
        }
        let client = aws_sdk_sts::Client::from_conf(config.build());
        let call = move || -> CallFuture<'static> {
            Box::pin(sampled(Box::pin(client.get_caller_identity().send())))
        };
        let observed = ObservedCall {
            call,
            renewals: renewals.clone(),
        };
        let arm = ArmCall::new(self.strategy.name(), observed, facts);
        Ok((arm, renewals))
    }

    /// The strategy as a client's identity. One that cannot fetch now is left to its calls, which say why.
    async fn identity(&self, provider: SharedCredentialsProvider) -> Watched {
        let stop = self.stop.clone();
        match self.strategy {
            Strategy::Lazy => {
                let cache = IdentityCache::lazy().build();
                (Identity::timed(cache, provider), None)
            }
            Strategy::Advisory => ready(Advisory::new(provider, self.options())).await,
            Strategy::FileCache => {
                let cache = FileCache::builder(CacheKey::of([("command", "refresh")]))
                    .directory(&self.directory)
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

async fn in_background<S: InBackground>(strategy: RenewingProvider<S>, stop: Stop) -> Watched {
    let running = strategy.clone();
    let ready = ready(strategy).await;
    tokio::spawn(async move { running.run(stop.stopped()).await });
    ready
}

async fn ready<S: RenewalStrategy>(strategy: RenewingProvider<S>) -> Watched {
    let _ = strategy.ready().await;
    let watcher = SharedInterceptor::new(strategy.on_refusal());
    (Identity::held(strategy), Some(watcher))
}

/// A runtime with one thread, as if its arm were a process of its own: when one arm's expiry sets a hundred calls free
/// at once, they must not stand in line before the calls of another. Dropping it ends what runs on it.
struct OwnThread(Option<Runtime>);

impl OwnThread {
    fn start(name: &str) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let builder = builder.worker_threads(1).thread_name(name).enable_all();
        Ok(Self(Some(builder.build()?)))
    }

    /// Runs `future` on this thread.
    async fn run<F>(&self, future: F) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let runtime = self.0.as_ref().expect("only dropping takes it away");
        match runtime.spawn(future).await {
            Ok(output) => output,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        // A runtime must not be waited for where other tasks run.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes a call's calls on a thread of their own. The way there counts as waiting for the start.
struct OnThread {
    thread: OwnThread,
    call: Arc<dyn Call>,
}

impl Call for OnThread {
    fn call(&self) -> CallFuture<'_> {
        let call = Arc::clone(&self.call);
        let sent = clock::now();
        Box::pin(self.thread.run(async move {
            let on_the_way = clock::since(sent);
            let mut sample = call.call().await;
            sample.queued(on_the_way);
            sample
        }))
    }
}

//! A strategy put under a client: the arm that measures it, on a thread of its own.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow};
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tokio::runtime::{Builder, Runtime};

use super::renewals::{ObservedCall, ObservedProvider, Renewals};
use crate::client::{ArmFacts, Identity, Setup, SetupError, error_text, sampled, timeline};
use crate::clock;
use crate::disclosure;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Stop};
use crate::run::{ArmCall, Failure, Fresh, Hint};
use crate::strategies::{
    Advisory, CacheKey, FileCache, FileCacheBuilder, InBackground, Options, Refresher,
    RenewalStrategy, RenewingProvider, Strategy, Swapper, Windows,
};

/// A client's identity, and the interceptor that tells its strategy of refusals.
type Watched = (Identity, Option<SharedInterceptor>);

/// What an arm is made of.
#[derive(Clone)]
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
        if self.strategy == Strategy::FileCache {
            let cache = self
                .file_cache()
                .usable()
                .map_err(|why| anyhow!("file-cache: {why}"));
            cache.hint("set TMPDIR to a folder where only you may write, or leave file-cache out of --strategies")?;
        }
        let thread = OwnThread::start(self.strategy.name())
            .context("cannot start a thread")
            .hint("free some memory or raise the limit on processes")?;
        let facts = Arc::<ArmFacts>::default();
        let making = self.clone().client(Arc::clone(&facts), true);
        let (call, renewals) = thread.run(making).await?;
        let arm = ArmCall {
            name: self.strategy.name().to_owned(),
            call: Arc::new(OnThread { thread, call }),
            facts,
            first: self.first(),
        };
        Ok((arm, renewals))
    }

    /// Calls of strategies that have nothing yet, each on a thread of its own.
    fn first(self) -> Fresh {
        let facts = Arc::<ArmFacts>::default();
        let call = Arc::new(FirstOfStrategy {
            arm: self,
            facts: Arc::clone(&facts),
        });
        Fresh { call, facts }
    }

    /// The calls of a client of the strategy, which has fetched its first credentials if it is to be `ready`.
    async fn client(
        self,
        facts: Arc<ArmFacts>,
        ready: bool,
    ) -> Result<(Arc<dyn Call>, Renewals), SetupError> {
        let (setup, renewals) = (&self.setup, Renewals::default());
        setup.check_endpoint("STS")?;
        let provider = SharedCredentialsProvider::new(ObservedProvider {
            provider: setup.provider(&facts).await?,
            renewals: renewals.clone(),
        });
        let (identity, watcher) = self.identity(provider, ready).await;
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
        Ok((Arc::new(observed), renewals))
    }

    /// The strategy as a client's identity. One that cannot fetch now is left to its calls, which say why.
    async fn identity(&self, provider: SharedCredentialsProvider, ready: bool) -> Watched {
        let stop = self.stop.clone();
        match self.strategy {
            Strategy::Lazy => {
                let cache = IdentityCache::lazy().build();
                (Identity::timed(cache, provider), None)
            }
            Strategy::Advisory => {
                self.held(Advisory::new(provider, self.options()), ready)
                    .await
            }
            Strategy::FileCache => {
                let cache = self.file_cache().build(provider);
                self.held(Advisory::new(cache, self.options()), ready).await
            }
            Strategy::Refresher => {
                let strategy = Refresher::new(provider, self.options());
                self.in_background(strategy, ready, stop).await
            }
            Strategy::Swapper => {
                let factory = move || {
                    let provider = provider.clone();
                    async move { provider.provide_credentials().await }
                };
                let strategy = Swapper::new(factory, self.options());
                self.in_background(strategy, ready, stop).await
            }
        }
    }

    fn file_cache(&self) -> FileCacheBuilder {
        FileCache::builder(CacheKey::of([("command", "refresh")]))
            .disclosed(disclosure::without_secrets)
            .directory(&self.directory)
    }

    async fn in_background<S: InBackground>(
        &self,
        strategy: RenewingProvider<S>,
        ready: bool,
        stop: Stop,
    ) -> Watched {
        let running = strategy.clone();
        let held = self.held(strategy, ready).await;
        tokio::spawn(async move { running.run(stop.stopped()).await });
        held
    }

    /// Its first fetch, where it is to be `ready` before calls, has as long as a call has.
    async fn held<S: RenewalStrategy>(
        &self,
        strategy: RenewingProvider<S>,
        ready: bool,
    ) -> Watched {
        if ready {
            let _ = tokio::time::timeout(self.setup.timeout, strategy.ready()).await;
        }
        let watcher = SharedInterceptor::new(strategy.on_refusal());
        (Identity::held(strategy), Some(watcher))
    }

    fn options(&self) -> Options {
        Options {
            windows: self.windows,
            seed: Some(self.seed),
            ..Options::default()
        }
    }
}

/// The first call of a strategy that has nothing in its hands and nothing in its file.
struct FirstOfStrategy {
    arm: StrategyArm,
    facts: Arc<ArmFacts>,
}

impl Call for FirstOfStrategy {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async {
            let made = tempfile::tempdir()
                .and_then(|folder| Ok((folder, OwnThread::start(self.arm.strategy.name())?)));
            let (folder, thread) = match made {
                Ok(made) => made,
                Err(error) => return timeline::never_sent(error_text(&error)),
            };
            let arm = StrategyArm {
                // Which the cache makes so that only this user can enter it.
                directory: folder.path().join("credentials"),
                ..self.arm.clone()
            };
            let begun = clock::now();
            let client = thread.run(arm.client(Arc::clone(&self.facts), false)).await;
            let making = clock::since(begun);
            let sample = match client {
                Ok((call, _)) => OnThread { thread, call }.call().await,
                Err(error) => timeline::never_sent(error_text(&error)),
            };
            sample.after_preparing(making)
        })
    }
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

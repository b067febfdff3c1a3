//! The strategies as the SDK sees them: credentials providers.

use std::fmt::Debug;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::SystemTime;

use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};

use super::backoff::Backoff;
use super::keeper::{Begins, Keeper, Options};
use super::refusal::RefusalInterceptor;
use crate::strategies::renew::Renew;

/// The refresh specification that the SDKs share: renewal begun by the first call in an advisory window, without a
/// background task, and without a call that waits while the credentials are good.
///
/// The first call in the advisory window ([`Windows::of`](crate::strategies::Windows::of)) begins a fetch, and it
/// and all others go on with the held credentials; in the mandatory window calls wait for the fetch. When it fails,
/// the held credentials stay, and the next try is 5 to 10 minutes later. Beyond the specification: where that would be
/// in the mandatory window, in which every call would wait for it, the next try is half-way there; once they have expired, or the service has refused them, calls try
/// again at most once a second, so that an outage does not outlast itself; and lifetimes under 15 minutes
/// have windows in proportion.
///
/// ```no_run
/// use aws_config::imds::credentials::ImdsCredentialsProvider;
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use awscreds_bench::strategies::{Advisory, Options};
///
/// let source = SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().build());
/// let advisory = Advisory::new(source, Options::default());
/// ```
pub type Advisory = RenewingProvider<OnCalls>;

/// Renews a provider's credentials in the background, ahead of their expiry.
///
/// Two thresholds, both before the expiry that the credentials really have: the background renews from the
/// first on, calls wait from the second on, so that as long as the background runs no call meets the second.
/// A fetch that fails, or brings the same credentials again, leaves the held ones in place and is tried
/// again after a wait that doubles.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_config::default_provider::credentials::DefaultCredentialsChain;
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use awscreds_bench::strategies::{Options, Refresher};
///
/// let chain = DefaultCredentialsChain::builder().build().await;
/// let refresher = Refresher::new(SharedCredentialsProvider::new(chain), Options::default());
/// refresher.ready().await?;
/// refresher
///     .run(async { _ = tokio::signal::ctrl_c().await })
///     .await;
/// # Ok(()) }
/// ```
pub type Refresher = RenewingProvider<Refreshing>;

/// Has a factory make credentials from nothing, ahead of every expiry, and swaps them in atomically under
/// any number of clients.
///
/// Where a [`Refresher`] asks one provider again, a factory begins anew each time: no token, connection or choice of
/// an earlier fetch lives on in it, so a provider that is stuck does not stay stuck. A factory that fails leaves the
/// held credentials in place and is tried again after a wait that doubles.
///
/// ```no_run
/// use aws_config::default_provider::credentials::DefaultCredentialsChain;
/// use aws_credential_types::provider::ProvideCredentials;
/// use awscreds_bench::strategies::{Options, Swapper};
///
/// let swapper = Swapper::new(
///     || async {
///         let chain = DefaultCredentialsChain::builder().build().await;
///         chain.provide_credentials().await
///     },
///     Options::default(),
/// );
/// ```
pub type Swapper = RenewingProvider<Swapping>;

/// A credentials provider that renews what it hands out; `S` says how. Clones share the credentials.
///
/// ```no_run
/// # use awscreds_bench::strategies::Refresher;
/// # async fn example(strategy: Refresher) -> Result<(), Box<dyn std::error::Error>> {
/// use aws_config::BehaviorVersion;
/// use aws_smithy_runtime::client::identity::IdentityCache;
///
/// let config = aws_config::defaults(BehaviorVersion::latest())
///     .credentials_provider(strategy.clone())
///     .identity_cache(IdentityCache::no_cache()) // the strategy is the cache
///     .load()
///     .await;
/// let s3 = aws_sdk_s3::config::Builder::from(&config).interceptor(strategy.on_refusal());
/// let s3 = aws_sdk_s3::Client::from_conf(s3.build());
/// let sts = aws_sdk_sts::Client::new(&config); // the same credentials, swapped at the same moment
/// # let _ = (s3, sts); Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct RenewingProvider<S> {
    keeper: Arc<Keeper>,
    strategy: PhantomData<S>,
}

/// A way to renew.
pub trait RenewalStrategy: Clone + Debug + Send + Sync + 'static {}

/// One that renews in the background.
pub trait InBackground: RenewalStrategy {}

/// That of [`Advisory`].
#[derive(Clone, Debug)]
pub enum OnCalls {}

/// That of [`Refresher`].
#[derive(Clone, Debug)]
pub enum Refreshing {}

/// That of [`Swapper`].
#[derive(Clone, Debug)]
pub enum Swapping {}

impl RenewalStrategy for OnCalls {}
impl RenewalStrategy for Refreshing {}
impl RenewalStrategy for Swapping {}
impl InBackground for Refreshing {}
impl InBackground for Swapping {}

impl Advisory {
    /// Nothing is fetched before the first call, or [`ready`](Self::ready).
    #[must_use]
    pub fn new(source: impl Renew + 'static, options: Options) -> Self {
        Self::of(Keeper::new(
            source,
            options,
            Begins::Call,
            Backoff::specified,
        ))
    }
}

impl Refresher {
    /// Nothing is fetched before [`ready`](Self::ready), [`run`](Self::run) or the first call.
    #[must_use]
    pub fn new(source: impl Renew + 'static, options: Options) -> Self {
        let keeper = Keeper::new(source, options, Begins::Background, Backoff::doubling);
        Self::of(keeper)
    }
}

impl Swapper {
    /// Nothing is made before [`ready`](Self::ready), [`run`](Self::run) or the first call.
    #[must_use]
    pub fn new<F, Made>(factory: F, options: Options) -> Self
    where
        F: Fn() -> Made + Send + Sync + 'static,
        Made: Future<Output = provider::Result> + Send + 'static,
    {
        let source = SharedCredentialsProvider::new(provide_credentials_fn(factory));
        let keeper = Keeper::new(source, options, Begins::Background, Backoff::doubling);
        Self::of(keeper)
    }
}

impl<S: RenewalStrategy> RenewingProvider<S> {
    fn of(keeper: Arc<Keeper>) -> Self {
        Self {
            keeper,
            strategy: PhantomData,
        }
    }

    /// Fetches now, so that no call has to wait for the first credentials.
    ///
    /// # Errors
    ///
    /// The source's own. Calls then try again.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.keeper.provide().await.map(|_| ())
    }

    /// An interceptor that lets go of credentials which the service calls expired.
    #[must_use]
    pub fn on_refusal(&self) -> RefusalInterceptor {
        RefusalInterceptor(Arc::clone(&self.keeper))
    }

    /// When a call will next do more than read the current credentials; `None` if it might now.
    #[must_use]
    pub fn quiet_until(&self) -> Option<SystemTime> {
        self.keeper.quiet_until()
    }
}

impl<S: InBackground> RenewingProvider<S> {
    /// Renews until `until` completes. Nothing is left behind but a fetch that is under way, which calls may be
    /// waiting for; it ends within [`Options::fetch_timeout`].
    pub async fn run(&self, until: impl Future<Output = ()>) {
        self.keeper.run(until).await;
    }
}

impl<S: RenewalStrategy> ProvideCredentials for RenewingProvider<S> {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.keeper.provide()
    }
}

//! Fresh credentials from a factory, swapped in under clients that keep running.

use std::fmt;
use std::future::Future;
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::backoff::Backoff;
use super::keeper::{Begins, Keeper};
use super::options::Options;
use super::refused::Refused;
use super::renew::Renew;

/// Has a factory make credentials from nothing, ahead of every expiry, and swaps them in atomically under
/// any number of clients.
///
/// Where a [`Refresher`](super::Refresher) asks one provider again, a factory begins anew each time: no token,
/// connection or choice of an earlier fetch lives on in it, so a provider that is stuck does not stay stuck.
/// A factory that fails leaves the held credentials in place and is tried again after a wait that doubles.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_config::{BehaviorVersion, default_provider::credentials::DefaultCredentialsChain};
/// use aws_credential_types::provider::ProvideCredentials;
/// use aws_smithy_runtime::client::identity::IdentityCache;
/// use awscreds_bench::credentials::{Options, Swapper};
///
/// let swapper = Swapper::new(
///     || async {
///         let chain = DefaultCredentialsChain::builder().build().await;
///         chain.provide_credentials().await
///     },
///     Options::default(),
/// );
/// swapper.ready().await?;
///
/// let config = aws_config::defaults(BehaviorVersion::latest())
///     .credentials_provider(swapper.clone())
///     .identity_cache(IdentityCache::no_cache()) // `swapper` is the cache
///     .load()
///     .await;
/// let s3 = aws_sdk_s3::config::Builder::from(&config).interceptor(swapper.on_refusal());
/// let s3 = aws_sdk_s3::Client::from_conf(s3.build());
/// let sts = aws_sdk_sts::Client::new(&config); // the same credentials, swapped at the same moment
/// # let _ = (s3, sts);
/// swapper
///     .run(async { _ = tokio::signal::ctrl_c().await })
///     .await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Swapper(Keeper);

impl Swapper {
    /// Nothing is made before [`ready`](Self::ready), [`run`](Self::run) or the first call.
    #[must_use]
    pub fn new<F, Made>(factory: F, options: Options) -> Self
    where
        F: Fn() -> Made + Send + Sync + 'static,
        Made: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
    {
        let keeper = Keeper::new(
            Box::new(Factory(factory)),
            options,
            Begins::Background,
            Backoff::doubling,
        );
        Self(keeper)
    }

    /// Makes the first credentials now, so that no call has to wait for them.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.0.ready().await
    }

    /// Swaps until `until` completes. Nothing is left behind but a factory at work, which calls may be waiting
    /// for; it ends within [`Options::fetch_timeout`].
    pub async fn run(&self, until: impl Future<Output = ()>) {
        self.0.run(until).await;
    }

    /// An interceptor that lets go of credentials which the service calls expired.
    #[must_use]
    pub fn on_refusal(&self) -> Refused {
        Refused::new(self.0.clone())
    }

    /// When a call will next do more than read what is held; `None` if it might now.
    pub(crate) fn quiet_until(&self) -> Option<SystemTime> {
        self.0.quiet_until()
    }
}

impl ProvideCredentials for Swapper {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.provide()
    }
}

struct Factory<F>(F);

impl<F> fmt::Debug for Factory<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Factory")
    }
}

impl<F, Made> Renew for Factory<F>
where
    F: Fn() -> Made + Send + Sync,
    Made: Future<Output = Result<Credentials, CredentialsError>> + Send + 'static,
{
    fn renew<'a>(&'a self, _: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        future::ProvideCredentials::new((self.0)())
    }
}

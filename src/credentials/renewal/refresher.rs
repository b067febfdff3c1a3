//! Renewal in the background, ahead of the real expiry.

use std::future::Future;
use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::backoff::Backoff;
use super::keeper::{Begins, Keeper};
use super::options::Options;
use super::refused::Refused;
use super::renew::Renew;

/// Renews a provider's credentials in the background.
///
/// Two thresholds, both before the expiry that the credentials really have: the background renews from the
/// first on, calls wait from the second on, so that as long as the background runs no call meets the second.
/// A fetch that fails, or brings the same credentials again, leaves the held ones in place and is tried
/// again after a wait that doubles.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_config::{BehaviorVersion, default_provider::credentials::DefaultCredentialsChain};
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use aws_smithy_runtime::client::identity::IdentityCache;
/// use awscreds_bench::credentials::{Options, Refresher};
///
/// let chain = DefaultCredentialsChain::builder().build().await;
/// let refresher = Refresher::new(SharedCredentialsProvider::new(chain), Options::default());
/// refresher.ready().await?;
///
/// let config = aws_config::defaults(BehaviorVersion::latest())
///     .credentials_provider(refresher.clone())
///     .identity_cache(IdentityCache::no_cache()) // `refresher` is the cache
///     .load()
///     .await;
/// let s3 = aws_sdk_s3::config::Builder::from(&config).interceptor(refresher.on_refusal());
/// let s3 = aws_sdk_s3::Client::from_conf(s3.build());
/// # let _ = s3;
/// refresher
///     .run(async { _ = tokio::signal::ctrl_c().await })
///     .await;
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Refresher(Keeper);

impl Refresher {
    /// Nothing is fetched before [`ready`](Self::ready), [`run`](Self::run) or the first call.
    #[must_use]
    pub fn new(source: impl Renew + 'static, options: Options) -> Self {
        let keeper = Keeper::new(
            Box::new(source),
            options,
            Begins::Background,
            Backoff::doubling,
        );
        Self(keeper)
    }

    /// Fetches now, so that no call has to wait for the first credentials.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.0.ready().await
    }

    /// Renews until `until` completes. Nothing is left behind but a fetch that is under way, which calls may be
    /// waiting for; it ends within [`Options::fetch_timeout`].
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

impl ProvideCredentials for Refresher {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.provide()
    }
}

//! Renewal begun by the first call in an advisory window: no background task, and no call that waits while
//! the credentials are good.

use std::time::SystemTime;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::backoff::Backoff;
use super::keeper::{Begins, Keeper};
use super::options::Options;
use super::refused::Refused;
use super::renew::Renew;

/// The refresh specification that the SDKs share, as a credentials provider.
///
/// The first call in the advisory window ([`Windows::of`](super::Windows::of)) begins a fetch, and it and all
/// others go on with the held credentials; in the mandatory window calls wait for the fetch. When it fails,
/// the held credentials stay, and the next try is 5 to 10 minutes later, or when the mandatory window
/// begins. Beyond the specification: once they have expired, or the service has refused them, calls try
/// again at most once a second, so that an outage does not outlast itself; and lifetimes under 15 minutes
/// have windows in proportion.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use aws_config::{BehaviorVersion, imds::credentials::ImdsCredentialsProvider};
/// use aws_credential_types::provider::SharedCredentialsProvider;
/// use aws_smithy_runtime::client::identity::IdentityCache;
/// use awscreds_bench::credentials::{Advisory, Options};
///
/// let source = SharedCredentialsProvider::new(ImdsCredentialsProvider::builder().build());
/// let advisory = Advisory::new(source, Options::default());
/// let config = aws_config::defaults(BehaviorVersion::latest())
///     .credentials_provider(advisory.clone())
///     .identity_cache(IdentityCache::no_cache()) // `advisory` is the cache
///     .load()
///     .await;
/// let s3 = aws_sdk_s3::config::Builder::from(&config).interceptor(advisory.on_refusal());
/// let s3 = aws_sdk_s3::Client::from_conf(s3.build());
/// # let _ = s3; Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Advisory(Keeper);

impl Advisory {
    /// Nothing is fetched before the first call, or [`ready`](Self::ready).
    #[must_use]
    pub fn new(source: impl Renew + 'static, options: Options) -> Self {
        let keeper = Keeper::new(Box::new(source), options, Begins::Call, Backoff::specified);
        Self(keeper)
    }

    /// Fetches now, so that no call has to wait for the first credentials.
    pub async fn ready(&self) -> Result<(), CredentialsError> {
        self.0.ready().await
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

impl ProvideCredentials for Advisory {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        self.0.provide()
    }
}

//! What a run's clients have in common, read once from the AWS configuration.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_types::timeout::TimeoutConfig;

use super::endpoint;
use super::facts::ArmFacts;
use super::identity::Identity;
use super::interceptor::Instrument;
use super::time_source::SteadyTime;
use super::transport::{self, Route, Transport, TransportError};
use crate::credentials::{Exchanges, NamedSource, Source, UnknownProfile, Variables, loader};

/// What the user chose.
#[derive(Clone, Debug)]
pub struct SetupOptions {
    /// Where credentials come from, and the environment that the SDK is to see.
    pub named: NamedSource,
    pub route: Option<Route>,
    pub endpoint_url: Option<String>,
    /// Bounds each call, retries included.
    pub timeout: Duration,
}

/// Why clients cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    #[error("no AWS Region is configured")]
    NoRegion,
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the endpoint configured for {service} cannot be used, `{url}`: {why}")]
    Endpoint {
        service: String,
        url: String,
        why: String,
    },
    #[error(transparent)]
    NoProfile(#[from] UnknownProfile),
    #[error("cannot resolve credentials from source `{source_name}`")]
    Credentials {
        source_name: &'static str,
        source: CredentialsError,
    },
}

/// Makes instrumented clients.
#[derive(Debug)]
pub struct Setup {
    pub(crate) named: NamedSource,
    pub(crate) timeout: Duration,
    route: Option<Route>,
    endpoint_url: Option<String>,
    region: Region,
    /// Everything but credentials, identity cache and HTTP client.
    sdk: SdkConfig,
    transport: Transport,
    /// Held credentials, for [`Source::Static`].
    held: Option<SharedCredentialsProvider>,
}

impl Setup {
    /// Reads the configuration. Fetches credentials only for [`Source::Static`].
    ///
    /// # Errors
    ///
    /// Without a Region, without its certificates, and where a static source has no credentials.
    pub async fn load(options: SetupOptions) -> Result<Self, SetupError> {
        let SetupOptions {
            mut named,
            route,
            endpoint_url,
            timeout,
        } = options;
        named.prepare().await?;
        let transport = Transport::new(route.as_ref(), &named.variables)?;
        let http = Exchanges::default().timed(transport.client(&Arc::default())?);
        let mut loader = loader(&service_variables(&named.variables, route.is_some()))
            .http_client(http.clone())
            .no_credentials();
        if let Some(url) = &endpoint_url {
            // Set so, it goes before whatever the environment and the profile say of endpoints, of services too.
            loader = loader.endpoint_url(url);
        }
        if let Some(region) = &named.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(profile) = &named.profile {
            loader = loader.profile_name(profile);
        }
        // Instance metadata may be asked for the Region.
        let reading = tokio::time::timeout(timeout, loader.load()).await;
        let sdk = reading.map_err(|_| SetupError::NoRegion)?;
        let region = sdk.region().cloned().ok_or(SetupError::NoRegion)?;
        named.region = Some(region.to_string());
        let held = match named.source {
            Source::Static => Some(in_time(timeout, &named, provider(&named, http)).await?),
            _ => None,
        };
        Ok(Self {
            named,
            timeout,
            route,
            endpoint_url,
            region,
            sdk,
            transport,
            held,
        })
    }

    /// What it was loaded with, with the Region that was found.
    pub(crate) fn options(&self) -> SetupOptions {
        SetupOptions {
            named: self.named.clone(),
            route: self.route.clone(),
            endpoint_url: self.endpoint_url.clone(),
            timeout: self.timeout,
        }
    }

    pub(crate) fn region(&self) -> &str {
        self.region.as_ref()
    }

    /// The endpoint that takes the place of the service's own, if one does: what the user named, or else what the
    /// configuration does. `service` is the service's name in environment variables, such as `STS`.
    pub(crate) fn endpoint_override(&self, service: &str) -> Option<String> {
        let configured = || endpoint::configured(&self.sdk, service);
        self.endpoint_url.clone().or_else(configured)
    }

    /// Finds out whether anything can be sent to the service where it is configured to be.
    ///
    /// # Errors
    ///
    /// If what is configured is no URL.
    pub(crate) fn check_endpoint(&self, service: &str) -> Result<(), SetupError> {
        let url = self.endpoint_override(service);
        let unusable = url.and_then(|url| Some((endpoint::unusable(&url)?, url)));
        unusable.map_or(Ok(()), |(why, url)| {
            let service = service.to_owned();
            Err(SetupError::Endpoint { service, url, why })
        })
    }

    /// A connection pool of its own. Its name lookups are noted in `facts`.
    ///
    /// # Errors
    ///
    /// When the pool cannot be made.
    pub fn connections(&self, facts: &Arc<ArmFacts>) -> Result<SharedHttpClient, SetupError> {
        Ok(self.transport.client(facts)?)
    }

    /// Credentials that nobody has fetched yet, under a cache of their own; the exchanges of fetching them
    /// are recorded in `facts`.
    ///
    /// # Errors
    ///
    /// As for [`provider`](Self::provider).
    pub async fn identity(&self, facts: &Arc<ArmFacts>) -> Result<Identity, SetupError> {
        Ok(Identity::timed(
            IdentityCache::lazy().build(),
            self.provider(facts).await?,
        ))
    }

    /// A provider that has fetched nothing yet (unless the source is static) and whose HTTP exchanges are
    /// recorded in `facts`, on connections of its own.
    ///
    /// # Errors
    ///
    /// When its connections cannot be made, or the source is not configured.
    pub async fn provider(
        &self,
        facts: &Arc<ArmFacts>,
    ) -> Result<SharedCredentialsProvider, SetupError> {
        if let Some(held) = &self.held {
            return Ok(held.clone());
        }
        let http = facts
            .exchanges
            .timed(self.transport.client(&Arc::default())?);
        provider(&self.named, http).await
    }

    /// The configuration of an instrumented client. It also needs the
    /// [`interceptor`](Self::interceptor), which only a service's own builder takes.
    #[must_use]
    pub fn sdk_config(&self, connections: SharedHttpClient, identity: &Identity) -> SdkConfig {
        let timeouts = self.sdk.timeout_config().map(TimeoutConfig::to_builder);
        let timeouts = timeouts.unwrap_or_default().operation_timeout(self.timeout);
        self.sdk
            .clone()
            .into_builder()
            .time_source(SteadyTime)
            .http_client(connections)
            .identity_cache(identity.cache.clone())
            .credentials_provider(identity.provider.clone())
            .timeout_config(timeouts.build())
            .build()
    }

    /// The interceptor that goes with [`sdk_config`](Self::sdk_config); it is to be pushed as it is, since a
    /// builder's `interceptor` would wrap it once more.
    #[must_use]
    pub fn interceptor(&self, facts: &Arc<ArmFacts>) -> SharedInterceptor {
        SharedInterceptor::permanent(Instrument {
            facts: Arc::clone(facts),
            route: self.route.clone(),
        })
    }
}

/// A provider for `named` that has fetched nothing yet (unless the source is static), on connections of its own, whose
/// HTTP exchanges are recorded in `exchanges`.
///
/// # Errors
///
/// When its connections cannot be made, or the source is not configured.
pub async fn provider_of(
    named: &NamedSource,
    exchanges: &Exchanges,
) -> Result<SharedCredentialsProvider, SetupError> {
    let named = &mut named.clone();
    named.prepare().await?;
    let http = if named.is_plain() {
        transport::plain()?
    } else {
        Transport::new(None, &named.variables)?.client(&Arc::default())?
    };
    provider(named, exchanges.timed(http)).await
}

async fn provider(
    named: &NamedSource,
    http: SharedHttpClient,
) -> Result<SharedCredentialsProvider, SetupError> {
    let provider = named.provider(http).await;
    provider.map_err(|source| SetupError::Credentials {
        source_name: named.source.name(),
        source,
    })
}

/// A fetch that is made while a run is set up, within the limit of a call.
async fn in_time<T>(
    limit: Duration,
    named: &NamedSource,
    fetch: impl Future<Output = Result<T, SetupError>>,
) -> Result<T, SetupError> {
    let fetched = tokio::time::timeout(limit, fetch).await;
    fetched.unwrap_or_else(|_| {
        Err(SetupError::Credentials {
            source_name: named.source.name(),
            source: CredentialsError::provider_timed_out(limit),
        })
    })
}

/// The environment that the measured services' configuration is read from. On a route to a stand-in they
/// keep the endpoints of the real services, which the stand-in's own variables would replace.
fn service_variables(variables: &Variables, is_routed: bool) -> Variables {
    let mut variables = variables.clone();
    if is_routed {
        variables.retain(|name, _| !name.starts_with("AWS_ENDPOINT_URL"));
    }
    variables
}

//! Cloud Map as a source, over the SDK's client.

use std::collections::HashMap;
use std::error::Error;
use std::net::IpAddr;

use aws_sdk_servicediscovery::Client;
use aws_sdk_servicediscovery::operation::discover_instances::builders::DiscoverInstancesFluentBuilder;
use aws_sdk_servicediscovery::operation::discover_instances_revision::builders::DiscoverInstancesRevisionFluentBuilder;
use aws_sdk_servicediscovery::types::{HealthStatusFilter, HttpInstanceSummary};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::endpoint::EndpointPrefix;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use super::instance::Instance;
use super::source::{Discover, DiscoverError, DiscoverErrorKind, DiscoverFuture, Found};
use super::target::Target;
use crate::error_text::root_cause;

/// As many instances as one answer can hold; there are no further pages.
const MOST_RESULTS: i32 = 1_000;

/// A target, and the client that asks for it.
#[derive(Clone, Debug)]
pub struct CloudMap {
    pub client: Client,
    pub target: Target,
}

impl CloudMap {
    /// The question for all healthy instances, or for all of them if none is healthy: whoever is ill
    /// according to Cloud Map may still answer, and nobody at all cannot.
    #[must_use]
    pub fn ask(&self) -> DiscoverInstancesFluentBuilder {
        self.client
            .discover_instances()
            .namespace_name(&self.target.namespace)
            .service_name(&self.target.service)
            .health_status(HealthStatusFilter::HealthyOrElseAll)
            .max_results(MOST_RESULTS)
    }

    /// The question for the revision.
    #[must_use]
    pub fn ask_revision(&self) -> DiscoverInstancesRevisionFluentBuilder {
        self.client
            .discover_instances_revision()
            .namespace_name(&self.target.namespace)
            .service_name(&self.target.service)
    }

    fn read(&self, summaries: &[HttpInstanceSummary], revision: Option<i64>) -> Found {
        let none = HashMap::new();
        let read = |summary: &HttpInstanceSummary| {
            let id = summary.instance_id().unwrap_or_default();
            Instance::read(id, summary.attributes().unwrap_or(&none), self.target.port)
        };
        let instances: Vec<Instance> = summaries.iter().filter_map(read).collect();
        Found {
            unusable: summaries.len() - instances.len(),
            instances,
            revision,
        }
    }
}

impl Discover for CloudMap {
    fn discover(&self) -> DiscoverFuture<'_, Found> {
        Box::pin(async {
            let found = Box::pin(self.ask().send()).await;
            let found = found.map_err(|error| refused(&error))?;
            Ok(self.read(found.instances(), found.instances_revision()))
        })
    }

    fn revision(&self) -> DiscoverFuture<'_, i64> {
        Box::pin(async {
            let found = Box::pin(self.ask_revision().send()).await;
            let found = found.map_err(|error| refused(&error))?;
            let revision = found.instances_revision();
            revision.ok_or_else(DiscoverError::no_revision)
        })
    }
}

fn refused<E>(error: &SdkError<E, HttpResponse>) -> DiscoverError
where
    E: Error + ProvideErrorMetadata + 'static,
{
    use DiscoverErrorKind::{Denied, Failed, Throttled, Unsupported};
    let status = error.raw_response().map(|raw| raw.status().as_u16());
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code());
    let kind = match (code.unwrap_or_default(), status) {
        ("RequestLimitExceeded" | "ThrottlingException" | "Throttling", _) | (_, Some(429)) => {
            Throttled
        }
        ("UnknownOperationException", _) | (_, Some(404 | 501)) => Unsupported,
        ("NamespaceNotFound" | "ServiceNotFound" | "InvalidInput" | "AccessDeniedException", _) => {
            Denied
        }
        _ => Failed,
    };
    let message = match (code, meta.and_then(|meta| meta.message())) {
        (Some(code), Some(explanation)) => format!("{code}: {explanation}"),
        (Some(code), None) => code.to_owned(),
        _ => root_cause(error).to_string(),
    };
    DiscoverError { kind, message }
}

/// Keeps the SDK from putting Cloud Map's `data-` before the host of an endpoint that has no such name:
/// an address, or a stand-in that was configured.
#[derive(Debug)]
pub struct WithoutHostPrefix;

#[dyn_dispatch_hint]
impl Intercept for WithoutHostPrefix {
    fn name(&self) -> &'static str {
        "WithoutHostPrefix"
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().unset::<EndpointPrefix>();
        Ok(())
    }
}

impl WithoutHostPrefix {
    /// Whether it is needed for this endpoint, under these environment variables: the SDKs' setting
    /// `AWS_DISABLE_HOST_PREFIX_INJECTION` says so, or the endpoint is an address.
    #[must_use]
    pub fn is_for(endpoint: &str, disabled: Option<&str>) -> bool {
        let uri: Option<http::Uri> = endpoint.parse().ok();
        let host = uri.as_ref().and_then(http::Uri::host).unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        address.is_ok()
            || host == "localhost"
            || disabled.is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_no_prefix_and_names_do() {
        let name = "https://vpce-1.servicediscovery.eu-west-1.vpce.amazonaws.com";
        assert!(WithoutHostPrefix::is_for("http://127.0.0.1:5000", None));
        assert!(WithoutHostPrefix::is_for("http://[::1]:5000", None));
        assert!(WithoutHostPrefix::is_for("http://localhost:5000", None));
        assert!(!WithoutHostPrefix::is_for(name, None));
        assert!(WithoutHostPrefix::is_for(name, Some("true")));
    }
}

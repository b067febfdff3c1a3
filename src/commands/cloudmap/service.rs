//! The service that is measured: where it is, how it is asked for, and from which zone.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tonic::transport::{Certificate, ClientTlsConfig};

use super::arguments::{CallOptions, CloudmapArgs};
use crate::client::{ArmFacts, Setup, SetupError};
use crate::discovery::{CloudMap, DiscoverError, OwnZone, Resolver, Target, WithoutHostPrefix};
use crate::lab;
use crate::run::{Failure, Hint, Session};

const LISTS: &str = "`aws servicediscovery list-namespaces` and `list-services` show what there is in this account \
    and Region";

/// What resolvers and calls of one run have in common.
pub(super) struct Service {
    pub(super) args: CloudmapArgs,
    pub(super) target: Target,
    pub(super) zone: Option<OwnZone>,
    /// How calls are secured; `None` where they are plain.
    pub(super) tls: Option<ClientTlsConfig>,
}

impl Service {
    pub(super) async fn of(args: CloudmapArgs, session: &Session) -> Result<Self, Failure> {
        let target = target(&args, session)?;
        let zone = zone(&args, session).await?;
        let tls = tls(&args.calls)?;
        session.console.note(&match &zone {
            Some(OwnZone { name, source }) => format!("{target} from zone {name} (by {source})"),
            None => format!("{target} from a zone that nobody knows"),
        });
        Ok(Self {
            args,
            target,
            zone,
            tls,
        })
    }

    /// For a call, and for an answer of DNS.
    pub(super) fn timeout(&self) -> Duration {
        self.args.options.target.timeout
    }

    /// An instrumented client, whose connections and credentials are its own.
    pub(super) async fn cloudmap(
        &self,
        setup: &Setup,
        facts: &Arc<ArmFacts>,
    ) -> Result<CloudMap, SetupError> {
        setup.check_endpoint("SERVICEDISCOVERY")?;
        let identity = setup.identity(facts).await?;
        let sdk = setup.sdk_config(setup.connections(facts)?, &identity);
        let mut config = aws_sdk_servicediscovery::config::Builder::from(&sdk);
        config.push_interceptor(setup.interceptor(facts));
        let variables = &setup.named.variables;
        let disabled = variables.get("AWS_DISABLE_HOST_PREFIX_INJECTION");
        let stand_in = setup.endpoint_override("SERVICEDISCOVERY");
        let disabled = disabled.map(String::as_str);
        if stand_in.is_some_and(|url| WithoutHostPrefix::is_for(&url, disabled)) {
            config.push_interceptor(SharedInterceptor::new(WithoutHostPrefix));
        }
        Ok(CloudMap {
            client: aws_sdk_servicediscovery::Client::from_conf(config.build()),
            target: self.target.clone(),
        })
    }

    /// A resolver that asks `source`, for no longer than `patience` if it does not get a first answer.
    pub(super) async fn resolved(
        &self,
        source: Arc<CloudMap>,
        seed: u64,
        patience: Duration,
    ) -> Result<Arc<Resolver>, DiscoverError> {
        let zone = self.zone.as_ref().map(|zone| zone.name.clone());
        Resolver::start(source, zone, self.args.polling(), seed, patience).await
    }

    /// A resolver that has its first answer.
    pub(super) async fn resolver(
        &self,
        session: &Session,
        seed: u64,
    ) -> Result<Arc<Resolver>, Failure> {
        let source = Arc::new(self.cloudmap(&session.setup, &Arc::default()).await?);
        let started = self.resolved(source, seed, self.timeout()).await;
        started.map_err(|error| {
            let what_failed = format!("cannot resolve {}", self.target);
            if error.message.contains("NotFound") {
                let error = anyhow!(error).context(what_failed);
                return Failure::new(error, LISTS);
            }
            Failure::of_calls(&error.message, what_failed)
        })
    }
}

fn target(args: &CloudmapArgs, session: &Session) -> Result<Target, Failure> {
    let named = args.service.as_deref().zip(args.namespace.as_deref());
    let labs = session.lab().map(|_| (lab::SERVICE, lab::NAMESPACE));
    let named = named.or(labs).map(|(service, namespace)| Target {
        service: service.to_owned(),
        namespace: namespace.to_owned(),
        port: None,
    });
    let target = args.service_target.clone().or(named);
    target.context("no service to resolve").hint(
        "pass --namespace and --service, or --target cloudmap://SERVICE.NAMESPACE, or measure the embedded lab with --lab",
    )
}

/// Told or learned; read once, and not with every call.
async fn zone(args: &CloudmapArgs, session: &Session) -> Result<Option<OwnZone>, Failure> {
    if let Some(name) = args.az.clone() {
        let source = "--az";
        return Ok(Some(OwnZone { name, source }));
    }
    let setup = &session.setup;
    let facts = Arc::<ArmFacts>::default();
    let http = facts.exchanges.timed(setup.connections(&facts)?);
    Ok(OwnZone::learn(&setup.named.variables, http).await)
}

fn tls(options: &CallOptions) -> Result<Option<ClientTlsConfig>, Failure> {
    if !options.tls {
        return Ok(None);
    }
    let config = ClientTlsConfig::new();
    let config = match &options.tls_ca {
        None => config.with_native_roots(),
        Some(path) => {
            let unread = || format!("cannot read the certificates in {}", path.display());
            let pem = std::fs::read(path)
                .with_context(unread)
                .hint("name a file with certificates in PEM")?;
            config.ca_certificate(Certificate::from_pem(pem))
        }
    };
    Ok(Some(match &options.tls_name {
        Some(name) => config.domain_name(name),
        None => config,
    }))
}

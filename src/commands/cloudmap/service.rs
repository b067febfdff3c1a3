//! The service that is measured: where it is, how it is asked for, and from which zone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::SharedTimeSource;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use tonic::transport::{Certificate, ClientTlsConfig};

use super::arguments::{CallOptions, CloudmapArgs};
use crate::client::{ArmFacts, SteadyTime};
use crate::discovery::{
    CloudMap, OwnZone, Polling, Resolver, Security, Target, Timing, WithoutHostPrefix, ZoneSource,
};
use crate::lab;
use crate::run::{Failure, Hint, Session, hint_for};

/// What resolvers and calls of one run have in common.
pub(super) struct Service {
    pub(super) target: Target,
    pub(super) zone: Option<OwnZone>,
    pub(super) security: Security,
    /// The gRPC service whose health is asked for; empty for the whole server's.
    pub(super) asked_health: String,
    pub(super) timeout: Duration,
    pub(super) name_server: Option<SocketAddr>,
    polling: Polling,
}

impl Service {
    pub(super) async fn of(args: &CloudmapArgs, session: &Session) -> Result<Self, Failure> {
        let service = Self {
            target: target(args, session)?,
            zone: zone(args, session).await?,
            security: security(&args.calls)?,
            asked_health: args.calls.health_service.clone(),
            timeout: args.options.target.timeout,
            name_server: args.name_server,
            polling: args.polling(),
        };
        let target = &service.target;
        session.console.note(&match &service.zone {
            Some(zone) => format!(
                "{target} from zone {} (by {})",
                zone.name,
                zone.source.name()
            ),
            None => format!("{target} from a zone that nobody knows"),
        });
        Ok(service)
    }

    /// An instrumented client, whose connections and credentials are its own.
    pub(super) async fn cloudmap(
        &self,
        session: &Session,
        facts: &Arc<ArmFacts>,
    ) -> Result<CloudMap, Failure> {
        let setup = &session.setup;
        let identity = setup.identity(facts).await?;
        let sdk = setup.sdk_config(setup.connections(facts)?, &identity);
        let mut config = aws_sdk_servicediscovery::config::Builder::from(&sdk);
        config.push_interceptor(setup.interceptor(facts));
        let disabled = setup.variables().get("AWS_DISABLE_HOST_PREFIX_INJECTION");
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

    /// A resolver that has its first answer.
    pub(super) async fn resolver(
        &self,
        session: &Session,
        seed: u64,
    ) -> Result<Arc<Resolver>, Failure> {
        let source = self.cloudmap(session, &Arc::default()).await?;
        let started = Resolver::start(
            Arc::new(source),
            self.zone.as_ref().map(|zone| zone.name.clone()),
            self.polling,
            seed,
            self.timeout,
            Timing {
                time: SharedTimeSource::new(SteadyTime),
                sleep: SharedAsyncSleep::new(TokioSleep::new()),
            },
        );
        let resolver = started.await.map_err(|error| {
            let hint = hint_of(&error.message);
            let error = anyhow!(error).context(format!("cannot resolve {}", self.target));
            Failure::new(error, hint)
        })?;
        Ok(Arc::new(resolver))
    }
}

fn hint_of(error: &str) -> &'static str {
    if error.contains("NotFound") {
        "`aws servicediscovery list-namespaces` and `list-services` show what there is in this account and \
         Region"
    } else {
        hint_for(error)
    }
}

fn target(args: &CloudmapArgs, session: &Session) -> Result<Target, Failure> {
    let labs = || {
        session.lab().map(|_| Target {
            service: lab::SERVICE.to_owned(),
            namespace: lab::NAMESPACE.to_owned(),
            port: None,
        })
    };
    let named = args.service_target.clone().or_else(|| args.named());
    named.or_else(labs).context("no service to resolve").hint(
        "pass --namespace and --service, or --target cloudmap://SERVICE.NAMESPACE, or measure the embedded lab with --lab",
    )
}

/// Told or learned; read once, and not with every call.
async fn zone(args: &CloudmapArgs, session: &Session) -> Result<Option<OwnZone>, Failure> {
    if let Some(name) = &args.az {
        return Ok(Some(OwnZone {
            name: name.clone(),
            source: ZoneSource::Given,
        }));
    }
    let setup = &session.setup;
    let http = setup.connections(&Arc::default())?;
    let sleep = SharedAsyncSleep::new(TokioSleep::new());
    Ok(OwnZone::learn(setup.variables(), http, &sleep).await)
}

fn security(options: &CallOptions) -> Result<Security, Failure> {
    if !options.tls {
        return Ok(Security::Plain);
    }
    let mut config = match &options.tls_ca {
        None => ClientTlsConfig::new().with_native_roots(),
        Some(path) => {
            let unread = || format!("cannot read the certificates in {}", path.display());
            let pem = std::fs::read(path)
                .with_context(unread)
                .hint("name a file with certificates in PEM")?;
            ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem))
        }
    };
    if let Some(name) = &options.tls_name {
        config = config.domain_name(name);
    }
    Ok(Security::Tls(Box::new(config)))
}

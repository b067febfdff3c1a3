//! Connections: the SDK's pooled HTTP client over a timed name resolver, and the route to a stand-in.

use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;

use aws_smithy_http_client::pool::{BuildError, Client, ClientBuildError, ConnectionPool};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{self, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::dns::{DnsFuture, ResolveDns, ResolveDnsError};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::facts::ArmFacts;
use super::time_source::SteadyTime;
use crate::clock;
use crate::credentials::{Variables, variable};

/// Sends calls for any host name to one address instead, under the name they were for: the endpoint,
/// its certificate and the signature stay those of the real service.
#[derive(Clone, Debug)]
pub struct Route {
    pub address: SocketAddr,
    /// The only certificate authority to trust.
    pub ca_pem: String,
}

impl Route {
    /// `uri` with the route's port.
    pub(super) fn apply(&self, uri: &str) -> String {
        let Range { start, end } = authority(uri);
        let host = uri[start..end].split(':').next().unwrap_or_default();
        let (before, after, port) = (&uri[..start], &uri[end..], self.address.port());
        format!("{before}{host}:{port}{after}")
    }
}

/// Where in a URI its host and port stand.
pub(super) fn authority(uri: &str) -> Range<usize> {
    let start = uri.find("://").map_or(0, |at| at + 3);
    let length = uri[start..].find(['/', '?']);
    start..length.map_or(uri.len(), |length| start + length)
}

/// Why a connection pool could not be made.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error("cannot read the certificates that AWS_CA_BUNDLE names, {path}")]
    Bundle {
        path: String,
        source: std::io::Error,
    },
    #[error(transparent)]
    Pool(#[from] BuildError),
    #[error(transparent)]
    Client(#[from] ClientBuildError),
}

/// How connections are made, whoever they belong to.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    /// Where all of them lead, if not where their names do.
    route: Option<SocketAddr>,
    trust: TrustStore,
}

impl Transport {
    pub fn new(route: Option<&Route>, variables: &Variables) -> Result<Self, TransportError> {
        let bundle = variable(variables, "AWS_CA_BUNDLE");
        let trust = match (route, bundle) {
            (Some(route), _) => TrustStore::empty().with_pem_certificate(route.ca_pem.as_bytes()),
            (None, Some(path)) => {
                let failed = |source| TransportError::Bundle {
                    path: path.to_owned(),
                    source,
                };
                TrustStore::default().with_pem_certificate(std::fs::read(path).map_err(failed)?)
            }
            (None, None) => TrustStore::default(),
        };
        let route = route.map(|route| route.address);
        Ok(Self { route, trust })
    }

    /// A client with a connection pool of its own; `facts` learns what its name lookups cost.
    pub fn client(&self, facts: &Arc<ArmFacts>) -> Result<SharedHttpClient, TransportError> {
        let context = TlsContext::builder()
            .with_trust_store(self.trust.clone())
            .build()
            .unwrap_or_default();
        let proxy = if self.route.is_some() {
            ProxyConfig::disabled()
        } else {
            ProxyConfig::from_env()
        };
        let resolver = Resolver {
            route: self.route,
            facts: Arc::clone(facts),
        };
        let pool = ConnectionPool::builder()
            .time_source(SteadyTime)
            .proxy_config(proxy)
            .dns_resolver(resolver)
            .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .build_https()?;
        Ok(SharedHttpClient::new(Client::new(&pool)?))
    }
}

/// A client for sources that are only ever asked over plain HTTP. It reads no certificates, which would take longer
/// than such a source takes to answer.
pub(super) fn plain() -> Result<SharedHttpClient, TransportError> {
    let pool = ConnectionPool::builder()
        .time_source(SteadyTime)
        .proxy_config(ProxyConfig::from_env())
        .build_http()?;
    Ok(SharedHttpClient::new(Client::new(&pool)?))
}

#[derive(Clone, Debug)]
struct Resolver {
    route: Option<SocketAddr>,
    facts: Arc<ArmFacts>,
}

impl ResolveDns for Resolver {
    fn resolve_dns<'a>(&'a self, name: &'a str) -> DnsFuture<'a> {
        if let Some(address) = self.route {
            return DnsFuture::ready(Ok(vec![address.ip()]));
        }
        DnsFuture::new(async move {
            let start = clock::now();
            let addresses = tokio::net::lookup_host((name, 0))
                .await
                .map_err(ResolveDnsError::new)?;
            self.facts.note_lookup(clock::since(start));
            Ok(addresses.map(|address| address.ip()).collect())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_changes_the_port_and_nothing_else() {
        let route = Route {
            address: ([127, 0, 0, 1], 4566).into(),
            ca_pem: String::new(),
        };
        for (uri, routed) in [
            ("https://sts.aws.com", "https://sts.aws.com:4566"),
            ("https://b.aws.com/k?x=1", "https://b.aws.com:4566/k?x=1"),
            ("https://sts.aws.com:443/", "https://sts.aws.com:4566/"),
        ] {
            assert_eq!(route.apply(uri), routed);
        }
    }
}

//! A lab, a client of its Cloud Map, servers that can die, and callers.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_servicediscovery::Client;
use awscreds_bench::discovery::{
    Balanced, CloudMap, Policy, Polling, Resolver, Target, WithoutHostPrefix,
};
use awscreds_bench::lab::{Lab, NAMESPACE, SERVICE};
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use crate::support::{config, static_keys};

/// Fast enough that a test need not wait, and slow enough that it can count.
pub const POLLING: Polling = Polling {
    revision: Duration::from_millis(40),
    refresh: Duration::from_millis(200),
    jitter: 0.1,
};

pub const POLICIES: [Policy; 3] = [Policy::Random, Policy::SameAz(50.0), Policy::PreferAz];

/// A client at the lab's bare address.
pub fn client(lab: &Lab, credentials: Credentials) -> Client {
    let config = config(lab, credentials).build();
    let config = aws_sdk_servicediscovery::config::Builder::from(&config);
    Client::from_conf(config.interceptor(WithoutHostPrefix).build())
}

pub fn target() -> Target {
    Target {
        service: SERVICE.to_owned(),
        namespace: NAMESPACE.to_owned(),
        port: None,
    }
}

/// The id of the lab's own service.
pub async fn service_id(client: &Client) -> String {
    let services = client.list_services().send().await.unwrap();
    let mut services = services.services().iter();
    let own = services.find(|service| service.name() == Some(SERVICE));
    own.unwrap().id().unwrap().to_owned()
}

/// Registers an instance of the lab's own service.
pub async fn register(client: &Client, id: &str, attributes: &[(&str, &str)]) {
    let attributes: HashMap<String, String> = attributes
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let register = client
        .register_instance()
        .service_id(service_id(client).await);
    let register = register.instance_id(id).set_attributes(Some(attributes));
    register.send().await.unwrap();
}

/// A caller in the lab's Region, zone `a`.
pub async fn caller(lab: &Lab, policy: Policy) -> Balanced {
    let source = CloudMap {
        client: client(lab, static_keys(lab)),
        target: target(),
    };
    let zone = format!("{}a", lab.region());
    let patience = Duration::from_secs(20);
    let resolver = Resolver::start(Arc::new(source), Some(zone), POLLING, 1, patience);
    Balanced::new(resolver.await.unwrap(), policy, None, 1)
}

/// Makes calls that must all be served; gives the instances that served them.
pub async fn served(caller: &Balanced, calls: usize) -> Vec<String> {
    let mut instances = Vec::new();
    for _ in 0..calls {
        let answer = caller.check("").await;
        instances.push(answer.unwrap_or_else(|error| panic!("{error}")).instance);
    }
    instances
}

/// A server on a runtime of its own, so that its connections die with it.
pub struct Server {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

struct Healthy;

#[tonic::async_trait]
impl Health for Healthy {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(HealthCheckResponse { status: 1 }))
    }

    type WatchStream = futures_util::stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not here"))
    }
}

impl Server {
    pub fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
        runtime.spawn(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let server = tonic::transport::Server::builder();
            let health = HealthServer::new(Healthy);
            let _ = server
                .serve_with_incoming(health, TcpIncoming::from(listener))
                .await;
        });
        Self {
            address,
            runtime: Some(runtime),
        }
    }

    /// Registers it under `id`, in this zone.
    pub async fn register(&self, client: &Client, id: &str, zone: &str) {
        let (ip, port) = (
            self.address.ip().to_string(),
            self.address.port().to_string(),
        );
        let attributes = [
            ("AWS_INSTANCE_IPV4", ip.as_str()),
            ("AWS_INSTANCE_PORT", port.as_str()),
            ("AVAILABILITY_ZONE", zone),
        ];
        register(client, id, &attributes).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

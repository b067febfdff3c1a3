//! The gRPC servers behind the lab's own service: they speak the standard health protocol
//! (`grpc.health.v1`) and say in which zone they are.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tonic::codegen::tokio_stream::Stream;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::registry::Attributes;
use super::{SERVICE, ZONE};
use crate::lab::aws::Aws;
use crate::lab::environment::reachable;
use crate::lab::rules::{Ruler, Rules};
use crate::lab::scenario::{Scenario, Servers};
use crate::lab::stage::Passage;
use crate::lab::wire;

/// The zone that the lab's callers are in.
pub(in crate::lab) const CALLERS_ZONE: &str = "a";
/// In the answer's metadata: the zone of the server.
const ZONE_HEADER: &str = "x-availability-zone";

/// A server that listens and does not serve yet.
pub(in crate::lab) struct Listening {
    listener: TcpListener,
    address: SocketAddr,
    zone: &'static str,
    id: String,
}

/// Opens a socket for every server of the scenario.
pub(in crate::lab) async fn listen(bind: IpAddr, servers: &Servers) -> io::Result<Vec<Listening>> {
    let mut listening = Vec::new();
    for (&zone, &count) in &servers.zones {
        for number in 1..=count {
            let (listener, address) = wire::listen(SocketAddr::new(bind, 0)).await?;
            listening.push(Listening {
                listener,
                address: reachable(address),
                zone,
                id: format!("{SERVICE}-{zone}{number}"),
            });
        }
    }
    Ok(listening)
}

/// The full name of a zone of the scenario's Region.
pub(in crate::lab) fn zone_name(scenario: &Scenario, zone: &str) -> String {
    format!("{}{zone}", scenario.region)
}

impl Listening {
    /// As ECS registers a task.
    pub(in crate::lab) fn registration(&self, scenario: &Scenario) -> (String, Attributes) {
        let family = match self.address {
            SocketAddr::V4(_) => "AWS_INSTANCE_IPV4",
            SocketAddr::V6(_) => "AWS_INSTANCE_IPV6",
        };
        let attributes = [
            (family, self.address.ip().to_string()),
            ("AWS_INSTANCE_PORT", self.address.port().to_string()),
            (ZONE, zone_name(scenario, self.zone)),
        ];
        let attributes = attributes.map(|(name, value)| (name.to_owned(), value));
        (self.id.clone(), attributes.into())
    }
}

/// Serves on every socket until `stop` changes.
pub(in crate::lab) async fn serve(
    listening: Vec<Listening>,
    aws: Arc<Aws>,
    mut stop: watch::Receiver<bool>,
) {
    let mut servers = JoinSet::new();
    for server in listening {
        let Listening {
            listener, zone, id, ..
        } = server;
        let health = HealthServer::new(Server::new(&aws, zone, &id));
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let serving = tonic::transport::Server::builder();
        servers.spawn(async move {
            // A server that cannot go on is what the callers see, too.
            let _ = serving.serve_with_incoming(health, incoming).await;
        });
    }
    let _ = stop.changed().await;
    // Calls under way are cut with the lab's thread.
    servers.shutdown().await;
}

/// One server.
struct Server {
    aws: Arc<Aws>,
    counted: &'static str,
    zone: String,
    ruler: Ruler,
    /// The way between zones, if calls have to go it.
    hop: Option<Ruler>,
    capacity: Option<Semaphore>,
}

impl Server {
    fn new(aws: &Arc<Aws>, zone: &'static str, id: &str) -> Self {
        let scenario = &aws.scenario;
        let servers = &scenario.cloudmap.servers;
        let ruler = |rules: Rules, what: &str| {
            let name = format!("{what} {id}");
            Ruler::new(rules, scenario.seed, &name, &[])
        };
        let hop = servers.cross_zone.filter(|_| zone != CALLERS_ZONE);
        Self {
            aws: Arc::clone(aws),
            counted: counted(zone),
            zone: zone_name(scenario, zone),
            ruler: ruler(servers.rules, "grpc"),
            hop: hop.map(|delay| {
                let way = Rules {
                    delay: Some(delay),
                    ..Rules::default()
                };
                ruler(way, "hop")
            }),
            capacity: servers
                .capacity
                .map(|calls| Semaphore::new(usize::try_from(calls).unwrap_or(1))),
        }
    }
}

/// The name that calls to the servers of a zone are counted under.
fn counted(zone: &str) -> &'static str {
    match zone {
        "a" => "grpc:Check/a",
        "b" => "grpc:Check/b",
        "c" => "grpc:Check/c",
        "d" => "grpc:Check/d",
        "e" => "grpc:Check/e",
        _ => "grpc:Check/f",
    }
}

#[tonic::async_trait]
impl Health for Server {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        if let Some(hop) = &self.hop {
            self.aws.stage.wait(hop).await;
        }
        let asked = request.into_inner().service;
        if !asked.is_empty() && asked != SERVICE {
            return Err(Status::not_found("unknown service"));
        }
        let _turn = match &self.capacity {
            Some(capacity) => capacity.acquire().await.ok(),
            None => None,
        };
        match self.aws.stage.pass(self.counted, &self.ruler).await {
            Passage::Answer => {}
            Passage::Refuse => return Err(Status::unavailable("refused by the scenario")),
            Passage::Silence => std::future::pending().await,
        }
        let mut response = Response::new(HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        });
        if let Ok(zone) = self.zone.parse() {
            response.metadata_mut().insert(ZONE_HEADER, zone);
        }
        Ok(response)
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<HealthCheckResponse, Status>> + Send>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("the lab's servers answer Check only"))
    }
}

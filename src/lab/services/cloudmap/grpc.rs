//! The gRPC servers behind the lab's own service: they speak the standard health protocol
//! (`grpc.health.v1`) and say in which zone they are.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use futures_util::stream;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_server::{Health, HealthServer};
use tonic_health::pb::{HealthCheckRequest, HealthCheckResponse};

use super::registry::{Attributes, SERVICE};
use crate::lab::http_server::reachable;
use crate::lab::pipeline::Admission;
use crate::lab::rules::{RuleEvaluator, Rules};
use crate::lab::scenario::Servers;
use crate::lab::state::{CALLERS_ZONE, LabState};

/// The attribute that says in which zone an instance is: ECS sets it.
const ZONE: &str = "AVAILABILITY_ZONE";
/// In the answer's metadata: the zone of the server.
const ZONE_HEADER: &str = "x-availability-zone";

/// A server that listens and does not serve yet.
pub(in crate::lab) struct GrpcServer {
    listener: TcpListener,
    address: SocketAddr,
    zone: &'static str,
    pub(super) id: String,
}

impl GrpcServer {
    /// Opens a socket for every server of the scenario.
    pub(in crate::lab) async fn bind_all(bind: IpAddr, servers: &Servers) -> io::Result<Vec<Self>> {
        let mut bound = Vec::new();
        for (&zone, &count) in &servers.zones {
            for number in 1..=count {
                let listener = TcpListener::bind((bind, 0)).await?;
                bound.push(Self {
                    address: reachable(listener.local_addr()?),
                    listener,
                    zone,
                    id: format!("{SERVICE}-{zone}{number}"),
                });
            }
        }
        Ok(bound)
    }

    /// What ECS registers a task with.
    pub(super) fn attributes(&self, state: &LabState) -> Attributes {
        let family = match self.address {
            SocketAddr::V4(_) => "AWS_INSTANCE_IPV4",
            SocketAddr::V6(_) => "AWS_INSTANCE_IPV6",
        };
        let attributes = [
            (family, self.address.ip().to_string()),
            ("AWS_INSTANCE_PORT", self.address.port().to_string()),
            (ZONE, state.zone_name(self.zone)),
        ];
        attributes
            .map(|(name, value)| (name.to_owned(), value))
            .into()
    }
}

/// Serves on every socket until `stop` changes.
pub(in crate::lab) async fn serve(
    servers: Vec<GrpcServer>,
    state: Arc<LabState>,
    mut stop: watch::Receiver<bool>,
) {
    let mut serving = JoinSet::new();
    for server in servers {
        let health = HealthServer::new(ZonedHealth::new(&state, server.zone, &server.id));
        let incoming = TcpIncoming::from(server.listener).with_nodelay(Some(true));
        let transport = tonic::transport::Server::builder();
        serving.spawn(async move {
            // A server that cannot go on is what the callers see, too.
            let _ = transport.serve_with_incoming(health, incoming).await;
        });
    }
    let _ = stop.changed().await;
    // Calls under way are cut with the lab's thread.
    serving.shutdown().await;
}

/// The health service of one server, which says in which zone it is.
struct ZonedHealth {
    state: Arc<LabState>,
    operation: &'static str,
    zone: String,
    rules: RuleEvaluator,
    /// The way that calls have to go between zones.
    cross_zone: RuleEvaluator,
    capacity: Semaphore,
}

impl ZonedHealth {
    fn new(state: &Arc<LabState>, zone: &'static str, id: &str) -> Self {
        let (seed, servers) = (state.scenario.seed, &state.scenario.cloudmap.servers);
        let evaluator = |rules, what| RuleEvaluator::new(rules, seed, &format!("{what} {id}"), &[]);
        let cross_zone = Rules {
            delay: servers.cross_zone.filter(|_| zone != CALLERS_ZONE),
            ..Rules::default()
        };
        Self {
            state: Arc::clone(state),
            operation: operation(zone),
            zone: state.zone_name(zone),
            rules: evaluator(servers.rules, "grpc"),
            cross_zone: evaluator(cross_zone, "hop"),
            capacity: Semaphore::new(servers.capacity.unwrap_or(Semaphore::MAX_PERMITS)),
        }
    }
}

/// The name that calls to the servers of a zone are counted under.
fn operation(zone: &str) -> &'static str {
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
impl Health for ZonedHealth {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        self.state.pipeline.wait(&self.cross_zone).await;
        let asked = request.into_inner().service;
        if !asked.is_empty() && asked != SERVICE {
            return Err(Status::not_found("unknown service"));
        }
        let _permit = self.capacity.acquire().await;
        match self.state.pipeline.admit(self.operation, &self.rules).await {
            Admission::Answer => {}
            Admission::Refuse => return Err(Status::unavailable("refused by the scenario")),
            Admission::Ignore => std::future::pending().await,
        }
        let mut response = Response::new(HealthCheckResponse {
            status: ServingStatus::Serving.into(),
        });
        if let Ok(zone) = self.zone.parse() {
            response.metadata_mut().insert(ZONE_HEADER, zone);
        }
        Ok(response)
    }

    type WatchStream = stream::Empty<Result<HealthCheckResponse, Status>>;

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("the lab's servers answer Check only"))
    }
}

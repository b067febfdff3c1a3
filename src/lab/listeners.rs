//! The lab's sockets, and the thread that serves on them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use super::container_token::in_file;
use super::exports;
use super::http_server::Listener;
use super::options::{LabError, Options};
use super::packets::Packets;
use super::router::Router;
use super::scenario;
use super::services;
use super::services::cloudmap::CloudMap;
use super::services::cloudmap::grpc::{self, GrpcServer};
use super::state::LabState;
use crate::clock;

/// Where the lab's sockets are.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    pub(super) main: SocketAddr,
    pub(super) imds: SocketAddr,
    pub(super) dns: SocketAddr,
}

/// What the lab serves with, besides its state.
pub(super) struct Serving {
    pub(super) options: Options,
    pub(super) tls: TlsAcceptor,
    /// The file that clients read the container endpoint's token from.
    pub(super) token_file: PathBuf,
}

/// The lab's thread: listens, says where, and serves until it is told to stop.
pub(super) fn run(
    state: Arc<LabState>,
    serving: Serving,
    opened: oneshot::Sender<Result<Addresses, LabError>>,
    stop: watch::Receiver<bool>,
) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = match runtime.enable_all().build() {
        Ok(runtime) => runtime,
        Err(source) => {
            let _ = opened.send(Err(LabError::Thread(source)));
            return;
        }
    };
    runtime.block_on(async move {
        match Sockets::open(serving.options, &state).await {
            Err(error) => {
                let _ = opened.send(Err(error));
            }
            Ok((sockets, addresses)) => {
                let cloudmap = Arc::new(CloudMap::new(&state));
                cloudmap.register(&sockets.grpc);
                // An error means that whoever started the lab has gone away in the meantime.
                if opened.send(Ok(addresses)).is_ok() {
                    sockets.serve(state, cloudmap, serving, stop).await;
                }
            }
        }
    });
}

/// The lab's sockets, before anything is served on them.
struct Sockets {
    main: Listener,
    imds: Listener,
    dns: UdpSocket,
    grpc: Vec<GrpcServer>,
}

impl Sockets {
    async fn open(options: Options, state: &LabState) -> Result<(Self, Addresses), LabError> {
        let scenario = &state.scenario;
        let at = |port| SocketAddr::new(options.bind, port);
        let failed = |address| move |source| LabError::Listen { address, source };
        let main = Listener::bind(at(options.port), scenario::Listener::Open).await?;
        let imds = Listener::bind(at(options.imds_port), scenario.imds.listener).await?;
        let dns_at = at(options.dns_port);
        let dns = UdpSocket::bind(dns_at).await.map_err(failed(dns_at))?;
        let grpc = GrpcServer::bind_all(options.bind, &scenario.cloudmap.servers).await;
        let addresses = Addresses {
            main: main.address,
            imds: imds.address,
            dns: dns.local_addr().map_err(failed(dns_at))?,
        };
        let sockets = Self {
            main,
            imds,
            dns,
            grpc: grpc.map_err(failed(at(0)))?,
        };
        Ok((sockets, addresses))
    }

    async fn serve(
        self,
        state: Arc<LabState>,
        cloudmap: Arc<CloudMap>,
        serving: Serving,
        stop: watch::Receiver<bool>,
    ) {
        let imds = &state.scenario.imds;
        let packets = imds.packets;
        let packets = packets.map(|budget| Packets::new(budget, clock::now()));
        let dns = cloudmap.dns_view();
        let main = Router::new(&state, services::main(&state, cloudmap), None);
        let metadata = Router::new(&state, services::metadata(&state), packets);
        let tls = Some(serving.tls);
        tokio::join!(
            self.main.serve(main, None, tls, stop.clone()),
            self.imds
                .serve(metadata, imds.connections, None, stop.clone()),
            rotate_token(&state, &serving.token_file, stop.clone()),
            dns.serve(self.dns, stop.clone()),
            grpc::serve(self.grpc, Arc::clone(&state), stop),
        );
    }
}

/// Replaces the container's token as often as the scenario says, until `stop` changes.
async fn rotate_token(state: &LabState, file: &Path, mut stop: watch::Receiver<bool>) {
    let container = state.scenario.container;
    let Some(every) = container.rotate else {
        return;
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => (),
            _ = stop.changed() => return,
        }
        let text = in_file(&state.container_token.next(), container.token);
        // Where the file cannot be written the old token stays good.
        if exports::replace_token(file, &text).is_ok() {
            state.container_token.replace();
        }
    }
}

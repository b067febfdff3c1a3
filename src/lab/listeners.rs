//! The lab's sockets, and the thread that serves on them.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use tokio::net::UdpSocket;
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use super::certificates::CertificateError;
use super::client_files;
use super::container_token::in_file;
use super::http_server::Listener;
use super::router::Router;
use super::rules::Bucket;
use super::scenario;
use super::services;
use super::services::cloudmap::CloudMap;
use super::services::cloudmap::grpc::{self, GrpcServer};
use super::state::LabState;

/// Where the lab listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The address of all listeners.
    pub bind: IpAddr,
    /// STS, S3, Cloud Map and the container endpoint; 0 for any free port.
    pub port: u16,
    /// Instance metadata; 0 for any free port.
    pub imds_port: u16,
    /// The DNS view of Cloud Map, over UDP; 0 for any free port.
    pub dns_port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            bind: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            imds_port: 0,
            dns_port: 0,
        }
    }
}

/// Why the lab cannot run.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("the lab cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the lab cannot offer TLS")]
    Certificates(#[from] CertificateError),
    #[error("the lab cannot write its private files")]
    Files(#[source] io::Error),
    #[error("the lab cannot start its thread")]
    Thread(#[source] io::Error),
}

/// Where the lab's sockets are.
#[derive(Clone, Copy)]
pub(super) struct Addresses {
    pub(super) main: SocketAddr,
    pub(super) imds: SocketAddr,
    pub(super) dns: SocketAddr,
}

/// The lab's thread: listens, says where, and serves until it is told to stop. `token_file` is the one that clients
/// read the container endpoint's token from.
pub(super) fn run(
    state: Arc<LabState>,
    options: Options,
    tls: TlsAcceptor,
    token_file: &Path,
    opened: oneshot::Sender<Result<Addresses, LabError>>,
    stop: watch::Receiver<bool>,
) {
    let open = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().map_err(LabError::Thread)?;
        let sockets = runtime.block_on(Sockets::open(options, &state))?;
        Ok((runtime, sockets))
    };
    match open() {
        Err(error) => {
            let _ = opened.send(Err(error));
        }
        Ok((runtime, (sockets, addresses))) => {
            let cloudmap = Arc::new(CloudMap::new(&state));
            let registered = cloudmap.register(&sockets.grpc);
            registered.expect("a new registry has room for the lab's own service");
            // Before anyone is told of the lab: S3's objects are filled here.
            let main = Router::new(&state, services::main(&state, Arc::clone(&cloudmap)), None);
            // An error means that whoever started the lab has gone away in the meantime.
            if opened.send(Ok(addresses)).is_ok() {
                runtime.block_on(sockets.serve(state, main, cloudmap, tls, token_file, stop));
            }
        }
    }
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
        let [main_at, imds_at, dns_at] =
            [options.port, options.imds_port, options.dns_port].map(at);
        let main = Listener::bind(main_at, scenario::Listener::Open).await;
        let main = main.map_err(failed(main_at))?;
        let imds = Listener::bind(imds_at, scenario.imds.listener).await;
        let imds = imds.map_err(failed(imds_at))?;
        let dns = UdpSocket::bind(dns_at).await.map_err(failed(dns_at))?;
        let grpc = GrpcServer::bind_all(options.bind, &scenario.cloudmap.servers).await;
        let grpc = grpc.map_err(failed(at(0)))?;
        let addresses = Addresses {
            main: main.address,
            imds: imds.address,
            dns: dns.local_addr().map_err(failed(dns_at))?,
        };
        let sockets = Self {
            main,
            imds,
            dns,
            grpc,
        };
        Ok((sockets, addresses))
    }

    async fn serve(
        self,
        state: Arc<LabState>,
        main: Router,
        cloudmap: Arc<CloudMap>,
        tls: TlsAcceptor,
        token_file: &Path,
        stop: watch::Receiver<bool>,
    ) {
        let imds = &state.scenario.imds;
        let packets = imds.packets.map(Bucket::new);
        let dns = cloudmap.serve_dns(self.dns, stop.clone());
        let metadata = Router::new(&state, services::metadata(&state), packets);
        tokio::join!(
            self.main.serve(main, None, Some(tls), stop.clone()),
            self.imds
                .serve(metadata, imds.connections, None, stop.clone()),
            rotate_token(&state, token_file, stop.clone()),
            dns,
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
        if client_files::replace_token(file, &text).is_ok() {
            state.container_token.replace();
        }
    }
}

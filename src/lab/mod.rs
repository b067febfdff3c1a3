//! The embedded AWS: STS, instance metadata, container credentials, S3 and Cloud Map on loopback.
//!
//! It exists so that the program can be tried, tested and calibrated where there is no account, and
//! so that its figures can be held against a service whose delays are known. It therefore shares no
//! code with what measures: it knows neither `measure` nor `client` nor `report`, checks signatures
//! by its own reading of the protocol, and runs on its own thread with its own runtime.
//!
//! [`Scenario`] says how it behaves, [`Lab`] runs it. A request goes from [`wire`] (sockets) through
//! [`aws`] and [`route`] (which service) to [`stage`] (counted, judged by [`rules`], held) and to its
//! service: [`sts`], [`imds`], [`container`], [`task`], [`s3`], [`cloudmap`]. The DNS view of Cloud Map and
//! the gRPC servers that it knows have sockets of their own and pass the same stage.

mod aws;
mod caller;
mod certificates;
mod cloudmap;
mod container;
mod container_token;
mod counts;
mod delay;
mod environment;
mod held;
mod imds;
mod issuer;
mod packets;
mod reply;
mod route;
pub mod rules;
mod s3;
pub mod scenario;
mod seal;
mod sigv4;
mod sleeper;
mod stage;
mod sts;
mod sts_arguments;
mod task;
mod web_identity;
mod wire;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;

use self::aws::{Aws, Front, Metadata};
pub use self::certificates::CertificateError;
use self::certificates::Certificates;
pub use self::cloudmap::{NAMESPACE, SERVICE};
use self::cloudmap::{dns, servers};
use self::container_token::in_file;
pub use self::counts::RequestCount;
pub use self::environment::ExportedSource;
use self::environment::{Contents, Places, PrivateFiles};
pub use self::issuer::Credentials;
pub use self::s3::{BUCKET, KEY, LARGE_KEY};
pub use self::scenario::{Scenario, ScenarioError};
use crate::clock;

/// The role that the lab's clients may assume; any other well-formed role ARN is good as well.
const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/awscreds-bench-app";

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

/// A running lab. Dropping it stops it, too, and waits until it has stopped.
pub struct Lab {
    address: SocketAddr,
    imds_address: SocketAddr,
    dns_address: SocketAddr,
    ca_pem: String,
    web_identity_token: String,
    aws: Arc<Aws>,
    files: PrivateFiles,
    stop: watch::Sender<bool>,
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl std::fmt::Debug for Lab {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lab")
            .field("scenario", &self.aws.scenario.name)
            .field("address", &self.address)
            .field("imds_address", &self.imds_address)
            .finish_non_exhaustive()
    }
}

impl Lab {
    /// Starts the lab; it answers from the moment this returns. It may be called from any runtime.
    pub async fn start(scenario: Scenario, options: Options) -> Result<Self, LabError> {
        let certificates = Certificates::new(options.bind)?;
        let ca_pem = certificates.ca_pem();
        let tls = certificates.acceptor()?;
        let aws = Arc::new(Aws::new(scenario).map_err(LabError::Thread)?);
        let web_identity_token = web_identity::mint(&aws.seal, &aws.scenario.region, clock::wall());
        let files = PrivateFiles::write(&Contents {
            region: &aws.scenario.region,
            role_arn: ROLE_ARN,
            keys: aws.issuer.static_credentials(),
            container_token: &in_file(&aws.container_token.current(), aws.scenario.container.token),
            web_identity_token: &web_identity_token,
            ca_pem: &ca_pem,
        })
        .map_err(LabError::Files)?;
        let (stop, stopping) = watch::channel(false);
        let (opened, opening) = oneshot::channel();
        let (ended, stopped) = oneshot::channel();
        let services = Arc::clone(&aws);
        let token_file = files.container_token();
        let thread = std::thread::Builder::new()
            .name("lab".into())
            .spawn(move || {
                run(services, options, (tls, token_file), opened, stopping);
                // Nobody may be waiting.
                let _ = ended.send(());
            })
            .map_err(LabError::Thread)?;
        let gone = || LabError::Thread(io::Error::other("it ended before it had begun"));
        let bound = opening.await.map_err(|_| gone())??;
        Ok(Self {
            address: bound.main,
            imds_address: bound.imds,
            dns_address: bound.dns,
            ca_pem,
            web_identity_token,
            aws,
            files,
            stop,
            stopped: Some(stopped),
            thread: Some(thread),
        })
    }

    /// Where STS, S3 and the container endpoint are, over HTTP and HTTPS alike.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        environment::reachable(self.address)
    }

    /// Where instance metadata is, over HTTP.
    #[must_use]
    pub fn imds_address(&self) -> SocketAddr {
        environment::reachable(self.imds_address)
    }

    /// Where the DNS view of Cloud Map is, over UDP.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddr {
        environment::reachable(self.dns_address)
    }

    /// The certificate of the authority that signs for every name, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// A file with [`Lab::ca_pem`], there as long as the lab is.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.files.ca()
    }

    /// The scenario that the lab plays.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.aws.scenario
    }

    /// The scenario's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.aws.scenario.region
    }

    /// The keys that do not expire.
    #[must_use]
    pub fn static_credentials(&self) -> &Credentials {
        self.aws.issuer.static_credentials()
    }

    /// A role that can be assumed.
    #[must_use]
    pub fn role_arn(&self) -> &str {
        ROLE_ARN
    }

    /// The token for `AssumeRoleWithWebIdentity`. A secret.
    #[must_use]
    pub fn web_identity_token(&self) -> &str {
        &self.web_identity_token
    }

    /// The URL of the container endpoint.
    #[must_use]
    pub fn container_uri(&self) -> String {
        format!("http://{}{}", self.address(), container::PATH)
    }

    /// What the container endpoint wants for `Authorization` now. A secret.
    #[must_use]
    pub fn container_token(&self) -> String {
        self.aws.container_token.current()
    }

    /// The variables that point any SDK at the lab and at one of its sources. They hold secrets. The
    /// files that they name are there as long as the lab is.
    #[must_use]
    pub fn environment(&self, source: ExportedSource) -> Vec<(String, String)> {
        let places = Places {
            address: self.address,
            imds_address: self.imds_address,
            region: self.region(),
            role_arn: ROLE_ARN,
            keys: self.static_credentials(),
            token_file: self.scenario().container.token,
            files: &self.files,
        };
        environment::variables(source, &places)
    }

    /// What has arrived so far, by operation.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, RequestCount> {
        self.aws.stage.requests()
    }

    /// Stops the lab: requests under way have a moment to end, everything else is cut.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(stopped) = self.stopped.take() {
            // An error means that the thread is gone already.
            let _ = stopped.await;
        }
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where the lab's sockets are.
struct Bound {
    main: SocketAddr,
    imds: SocketAddr,
    dns: SocketAddr,
}

/// The lab's sockets, before anything is served on them.
struct Sockets {
    main: TcpListener,
    imds: wire::Door,
    dns: UdpSocket,
    servers: Vec<servers::Listening>,
}

impl Sockets {
    async fn open(options: Options, scenario: &Scenario) -> Result<(Self, Bound), LabError> {
        let at = |port| SocketAddr::new(options.bind, port);
        let failed = |address| move |source| LabError::Listen { address, source };
        let (main, main_address) = listen(at(options.port)).await?;
        let imds_at = at(options.imds_port);
        let (imds, imds_address) = wire::door(imds_at, scenario.imds.listener)
            .await
            .map_err(failed(imds_at))?;
        let dns_at = at(options.dns_port);
        let dns = UdpSocket::bind(dns_at).await.map_err(failed(dns_at))?;
        let bound = Bound {
            main: main_address,
            imds: imds_address,
            dns: dns.local_addr().map_err(failed(dns_at))?,
        };
        let servers = servers::listen(options.bind, &scenario.cloudmap.servers);
        let sockets = Self {
            main,
            imds,
            dns,
            servers: servers.await.map_err(failed(at(0)))?,
        };
        Ok((sockets, bound))
    }

    async fn serve(
        self,
        aws: Arc<Aws>,
        tls: TlsAcceptor,
        token_file: &Path,
        stop: watch::Receiver<bool>,
    ) {
        let front = Arc::new(Front(Arc::clone(&aws)));
        let metadata = Arc::new(Metadata(Arc::clone(&aws)));
        let most = aws.scenario.imds.connections;
        tokio::join!(
            wire::serve(self.main, None, Some(tls), front, stop.clone()),
            wire::serve_behind(self.imds, most, metadata, stop.clone()),
            rotate_token(&aws, token_file, stop.clone()),
            dns::serve(self.dns, Arc::clone(&aws), stop.clone()),
            servers::serve(self.servers, Arc::clone(&aws), stop),
        );
    }
}

/// The lab's thread: listens, says where, and serves until it is told to stop.
fn run(
    aws: Arc<Aws>,
    options: Options,
    (tls, token_file): (TlsAcceptor, PathBuf),
    opened: oneshot::Sender<Result<Bound, LabError>>,
    stop: watch::Receiver<bool>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(source) => {
            let _ = opened.send(Err(LabError::Thread(source)));
            return;
        }
    };
    runtime.block_on(async move {
        match Sockets::open(options, &aws.scenario).await {
            Err(error) => {
                let _ = opened.send(Err(error));
            }
            Ok((sockets, bound)) => {
                let servers = sockets.servers.iter();
                let registrations = servers.map(|server| server.registration(&aws.scenario));
                aws.cloudmap.furnish(registrations.collect(), clock::wall());
                if opened.send(Ok(bound)).is_err() {
                    // Whoever started the lab has gone away in the meantime.
                    return;
                }
                sockets.serve(aws, tls, &token_file, stop).await;
            }
        }
    });
}

/// Replaces the container's token as often as the scenario says, until `stop` changes.
async fn rotate_token(aws: &Aws, file: &Path, mut stop: watch::Receiver<bool>) {
    let container = aws.scenario.container;
    let Some(every) = container.rotate else {
        return;
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => (),
            _ = stop.changed() => return,
        }
        let text = in_file(&aws.container_token.next(), container.token);
        // Where the file cannot be written the old token stays good.
        if environment::replace_token(file, &text).is_ok() {
            aws.container_token.replace();
        }
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), LabError> {
    wire::listen(address)
        .await
        .map_err(|source| LabError::Listen { address, source })
}

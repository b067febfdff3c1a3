//! A running lab, for whoever starts one: this program's commands, or another program's tests.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::thread::JoinHandle;

use tokio::sync::{oneshot, watch};

use super::certificates::Certificates;
use super::client_files::{self, ClientFiles, ROLE_ARN};
use super::counts::RequestCount;
use super::exported_source::ExportedSource;
use super::exports;
use super::http_server::reachable;
use super::issuer::Credentials;
use super::listeners::{self, Addresses, LabError, Options};
use super::scenario::Scenario;
use super::services::sts::web_identity;
use super::state::LabState;

/// A running lab. Dropping it stops it, too, and waits until it has stopped.
///
/// It has a thread and a runtime of its own, installs no signal handlers, and changes nothing of the process
/// that it runs in: clients find it through [`Lab::environment`], or at [`Lab::address`].
///
/// ```no_run
/// use awscreds_bench::lab::{ExportedSource, Lab, Options, Scenario};
///
/// # async fn test() -> Result<(), Box<dyn std::error::Error>> {
/// let scenario = Scenario::parse("[imds]\nthrottle = { rate = 5 }", "my test")?;
/// let lab = Lab::start(scenario, Options::default()).await?;
/// let variables = lab.environment(ExportedSource::Imds);
/// // … run what is to be tested with these variables, and then:
/// assert!(lab.requests()["imds:credentials"].ok > 0);
/// lab.stop().await;
/// # Ok(())
/// # }
/// ```
pub struct Lab {
    addresses: Addresses,
    ca_pem: String,
    web_identity_token: String,
    state: Arc<LabState>,
    files: ClientFiles,
    stop: watch::Sender<bool>,
    stopped: Option<oneshot::Receiver<()>>,
    thread: Option<JoinHandle<()>>,
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab")
            .field("scenario", &self.state.scenario.name)
            .field("address", &self.addresses.main)
            .field("imds_address", &self.addresses.imds)
            .finish_non_exhaustive()
    }
}

impl Lab {
    /// Starts the lab; it answers from the moment this returns. It may be called from any runtime.
    ///
    /// # Errors
    ///
    /// If an address cannot be listened on, or if there is no room for the lab's files, its thread or its
    /// certificates.
    pub async fn start(scenario: Scenario, options: Options) -> Result<Self, LabError> {
        let certificates = Certificates::new(options.bind)?;
        let ca_pem = certificates.authority.pem();
        let tls = certificates.acceptor()?;
        let state = Arc::new(LabState::new(scenario).map_err(LabError::Thread)?);
        let region = &state.scenario.region;
        let web_identity_token = web_identity::mint(&state.key, region, state.now());
        let files = ClientFiles::write(&state, &web_identity_token, &ca_pem);
        let files = files.map_err(LabError::Files)?;
        let token_file = files.path(client_files::CONTAINER_TOKEN);
        let (stop, stopping) = watch::channel(false);
        let (opened, opening) = oneshot::channel();
        let (ended, stopped) = oneshot::channel();
        let served = Arc::clone(&state);
        let thread = std::thread::Builder::new()
            .name("lab".into())
            .spawn(move || {
                listeners::run(served, options, tls, &token_file, opened, stopping);
                // Nobody may be waiting.
                let _ = ended.send(());
            })
            .map_err(LabError::Thread)?;
        let gone = || LabError::Thread(io::Error::other("it ended before it had begun"));
        Ok(Self {
            addresses: opening.await.map_err(|_| gone())??,
            ca_pem,
            web_identity_token,
            state,
            files,
            stop,
            stopped: Some(stopped),
            thread: Some(thread),
        })
    }

    /// Where STS, S3, Cloud Map and the container endpoint are, over HTTP and HTTPS alike.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        reachable(self.addresses.main)
    }

    /// Where instance metadata is, over HTTP.
    #[must_use]
    pub fn imds_address(&self) -> SocketAddr {
        reachable(self.addresses.imds)
    }

    /// Where the DNS view of Cloud Map is, over UDP.
    #[must_use]
    pub fn dns_address(&self) -> SocketAddr {
        reachable(self.addresses.dns)
    }

    /// The address that all listeners are bound to: unspecified where they listen on every one of the machine's.
    #[must_use]
    pub fn bound_to(&self) -> IpAddr {
        self.addresses.main.ip()
    }

    /// The certificate of the authority that signs for every name, in PEM.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The scenario's Region.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.state.scenario.region
    }

    /// The keys that do not expire.
    #[must_use]
    pub fn static_credentials(&self) -> &Credentials {
        &self.state.issuer.static_credentials
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

    /// What the container endpoint wants for `Authorization` now. A secret.
    #[must_use]
    pub fn container_token(&self) -> String {
        self.state.container_token.current()
    }

    /// The variables that point any SDK at the lab and at one of its sources. They hold secrets. The
    /// files that they name are there as long as the lab is.
    #[must_use]
    pub fn environment(&self, source: ExportedSource) -> Vec<(String, String)> {
        let addresses = (self.address(), self.imds_address());
        exports::variables(source, &self.state, &self.files, addresses)
    }

    /// What has arrived so far, by operation: `service:Operation`, as in `sts:AssumeRole`.
    #[must_use]
    pub fn requests(&self) -> BTreeMap<String, RequestCount> {
        self.state.pipeline.counts.snapshot()
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

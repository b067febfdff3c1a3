//! What the probes found, as plain data. Anything that could not be found out is `None`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::profile::Profiles;
use crate::credentials::{Source, Variables, variable};
use crate::document::DiagnosedPlace;

/// A machine, as far as its AWS credentials go.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// The environment that SDKs see. It holds secrets.
    pub variables: Variables,
    pub platform: DiagnosedPlace,
    pub profiles: Profiles,
    /// The Region, and what names it.
    pub region: Option<(String, &'static str)>,
    /// The links of the credential chain, in the order in which the Rust SDK asks them.
    pub links: Vec<Link>,
    /// `None` where metadata is switched off by configuration.
    pub metadata: Option<Metadata>,
    pub container: Option<ContainerEndpoint>,
    pub web_identity_file: Option<TokenFile>,
    /// The profile's `credential_process`, run by itself.
    pub process: Option<ProcessRun>,
    /// The name of the STS endpoint, looked up.
    pub lookup: Option<Lookup>,
    /// Packets to link-local addresses that the network interface has dropped since it came up.
    pub linklocal_dropped: Option<u64>,
    pub now: Option<SystemTime>,
    /// A service that a run has called, and by how many seconds its clock was ahead of this machine's.
    pub called: Option<(String, i64)>,
}

/// A link of the credential chain.
#[derive(Clone, Debug)]
pub struct Link {
    /// One of [`Source::CHAIN`].
    pub source: Source,
    pub state: LinkState,
    /// How long it took to find that out; `None` where nothing was asked.
    pub elapsed: Option<Duration>,
    /// Exchanges with the source that were refused for their rate.
    pub throttled: u64,
    /// The slowest exchange that was answered, by operation.
    pub slowest: BTreeMap<String, Duration>,
}

#[derive(Clone, Debug)]
pub enum LinkState {
    /// Nothing is configured that would lead here, and why that is so.
    Absent(String),
    Loaded(FetchedCredentials),
    /// Configured, and no credentials came of it.
    Failed(String),
}

/// Credentials without their secrets.
#[derive(Clone, Debug, Default)]
pub struct FetchedCredentials {
    /// Shortened: its first four and last four characters.
    pub access_key_id: String,
    pub expires: Option<SystemTime>,
    /// `None` where STS was not asked.
    pub identity: Option<Identity>,
}

/// What STS says of credentials.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The principal, or why there is none: the error's code and message.
    pub arn: Result<String, String>,
    pub sts: StsEndpoint,
}

/// The STS endpoint, as one pair of calls met it.
#[derive(Clone, Debug, Default)]
pub struct StsEndpoint {
    pub endpoint: Option<String>,
    pub address: Option<String>,
    /// The first call, with its connection.
    pub first: Duration,
    /// A second call on the same connection.
    pub warm: Option<Duration>,
    /// How far the service's clock is ahead of this machine's, in seconds; negative where it is behind.
    pub ahead_s: Option<i64>,
}

impl StsEndpoint {
    /// Its URL, where that is known.
    pub fn name(&self) -> &str {
        self.endpoint.as_deref().unwrap_or("STS")
    }
}

/// What became of an attempt to connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectOutcome {
    Connected(Duration),
    Refused,
    /// No answer in this time.
    TimedOut(Duration),
    /// The system knows no way there.
    NoRoute(String),
}

/// What became of a request on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HttpOutcome {
    #[default]
    NotAsked,
    Status(u16, Duration),
    /// Connected, and no answer in this time.
    TimedOut(Duration),
    Broken(String),
}

impl HttpOutcome {
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            _ => None,
        }
    }

    /// The status of a refusal for the rate of requests.
    pub fn throttled(&self) -> Option<u16> {
        self.status().filter(|status| matches!(status, 429 | 503))
    }

    pub fn elapsed(&self) -> Option<Duration> {
        match self {
            Self::Status(_, elapsed) => Some(*elapsed),
            _ => None,
        }
    }

    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::TimedOut(_))
    }
}

/// Instance metadata, asked without an SDK and without a proxy.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// `host:port`.
    pub endpoint: String,
    pub connect: ConnectOutcome,
    /// `PUT /latest/api/token`.
    pub token: HttpOutcome,
    pub role: HttpOutcome,
    pub credentials: HttpOutcome,
    /// The role's list without a token.
    pub v1: HttpOutcome,
    pub region: Option<String>,
    pub instance: Option<String>,
}

impl Metadata {
    /// The steps of a fetch of credentials, by name.
    pub fn steps(&self) -> [(&'static str, &HttpOutcome); 3] {
        [
            ("token", &self.token),
            ("role", &self.role),
            ("credentials", &self.credentials),
        ]
    }
}

/// The container credentials endpoint, asked without an SDK and without a proxy.
#[derive(Clone, Debug)]
pub struct ContainerEndpoint {
    pub host: String,
    pub answer: HttpOutcome,
    pub token_file: Option<TokenFile>,
}

/// A file with a token, as an SDK would read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenFile {
    pub variable: &'static str,
    pub path: String,
    /// Why it cannot be read.
    pub unreadable: Option<String>,
    pub ends_with_newline: bool,
    pub empty: bool,
}

/// A `credential_process`, run once.
#[derive(Clone, Debug, Default)]
pub struct ProcessRun {
    pub profile: String,
    pub elapsed: Duration,
    /// Ended from here, as it did not end by itself.
    pub hung: bool,
    /// Why it gave nothing, if it ended.
    pub failed: Option<String>,
    /// Whether its output says when its credentials expire.
    pub says_expiry: bool,
}

/// A name, looked up twice.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    pub host: String,
    pub first: Duration,
    pub second: Option<Duration>,
    pub failed: Option<String>,
}

impl Examination {
    pub fn link(&self, source: Source) -> Option<&Link> {
        self.links.iter().find(|link| link.source == source)
    }

    /// The links that something is configured for, in order.
    fn configured(&self) -> impl Iterator<Item = &Link> {
        let absent = |link: &&Link| matches!(link.state, LinkState::Absent(_));
        self.links.iter().filter(move |link| !absent(link))
    }

    /// The link whose credentials the Rust SDK uses, and the credentials. Its chain ends at the first link that is
    /// configured, whether that gives credentials or fails.
    pub fn winner(&self) -> Option<(&Link, &FetchedCredentials)> {
        let link = self.configured().next()?;
        Some((link, link.fetched()?))
    }

    /// The configured link after the one that the chain ends at.
    pub fn next(&self) -> Option<&Link> {
        self.configured().nth(1)
    }

    /// Links that gave credentials, in order.
    pub fn loaded(&self) -> impl Iterator<Item = (&Link, &FetchedCredentials)> {
        self.links
            .iter()
            .filter_map(|link| Some((link, link.fetched()?)))
    }

    /// STS as the credentials of each link met it.
    pub fn sts(&self) -> impl Iterator<Item = &StsEndpoint> {
        self.loaded()
            .filter_map(|(_, fetched)| Some(&fetched.identity.as_ref()?.sts))
    }

    /// STS, and what it said instead of whom the winner's credentials belong to.
    pub(super) fn refusal(&self) -> Option<(&StsEndpoint, &str)> {
        let (_, fetched) = self.winner()?;
        let identity = fetched.identity.as_ref()?;
        Some((&identity.sts, identity.arn.as_ref().err()?))
    }

    /// Why a link failed, if it did.
    pub fn failure(&self, source: Source) -> Option<&str> {
        match &self.link(source)?.state {
            LinkState::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// A variable that is set to something.
    pub fn variable(&self, name: &str) -> Option<&str> {
        variable(&self.variables, name)
    }
}

impl Link {
    /// A link that was not asked anything.
    pub fn new(source: Source, state: LinkState) -> Self {
        Self {
            source,
            state,
            elapsed: None,
            throttled: 0,
            slowest: BTreeMap::new(),
        }
    }

    /// Its credentials' key, and where that is from.
    pub(super) fn key(&self) -> String {
        let key = self.fetched().map_or("", |fetched| &fetched.access_key_id);
        format!("{key} from {}", self.source.name())
    }

    pub fn fetched(&self) -> Option<&FetchedCredentials> {
        match &self.state {
            LinkState::Loaded(fetched) => Some(fetched),
            _ => None,
        }
    }
}

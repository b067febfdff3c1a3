//! What the probes found, as plain data. Anything that could not be found out is `None`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::place::Place;
use super::profile::Profiles;
use crate::credentials::Variables;

/// A machine, as far as its AWS credentials go.
#[derive(Clone, Debug, Default)]
pub struct Examination {
    /// The environment that SDKs see. It holds secrets.
    pub variables: Variables,
    pub place: Place,
    pub profiles: Profiles,
    /// The Region, and what names it.
    pub region: Option<(String, &'static str)>,
    /// In the order in which the Rust SDK asks them.
    pub links: Vec<Link>,
    /// `None` where metadata is switched off by configuration.
    pub metadata: Option<Metadata>,
    pub container: Option<ContainerEndpoint>,
    pub web_identity_file: Option<TokenFile>,
    /// The profile's `credential_process`, run by itself.
    pub process: Option<Process>,
    /// The name of the STS endpoint, looked up.
    pub lookup: Option<Lookup>,
    /// Packets to link-local addresses that the network interface has dropped since it came up.
    pub linklocal_dropped: Option<u64>,
    pub now: Option<SystemTime>,
}

/// A link of the credential chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkName {
    Env,
    Profile,
    WebIdentity,
    Container,
    Imds,
}

impl LinkName {
    /// The order in which the Rust SDK's default chain asks them.
    pub const CHAIN: [Self; 5] = [
        Self::Env,
        Self::Profile,
        Self::WebIdentity,
        Self::Container,
        Self::Imds,
    ];

    /// The name of the source, as on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Profile => "profile",
            Self::WebIdentity => "web-identity",
            Self::Container => "container",
            Self::Imds => "imds",
        }
    }
}

#[derive(Clone, Debug)]
pub struct Link {
    pub name: LinkName,
    pub state: LinkState,
    /// How long it took to find that out; `None` where nothing was asked.
    pub elapsed: Option<Duration>,
    /// Exchanges with the source that were refused for their rate, and the slowest that was answered.
    pub throttled: u64,
    pub slowest: BTreeMap<String, Duration>,
}

#[derive(Clone, Debug)]
pub enum LinkState {
    /// Nothing is configured that would lead here, and why that is so.
    Absent(String),
    Loaded(Fetched),
    /// Configured, and no credentials came of it.
    Failed(String),
}

/// Credentials without their secrets.
#[derive(Clone, Debug, Default)]
pub struct Fetched {
    /// Shortened: its first four and last four characters.
    pub access_key_id: String,
    pub temporary: bool,
    pub expires: Option<SystemTime>,
    /// `None` where STS was not asked.
    pub identity: Option<Identity>,
}

/// What STS says of credentials.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The principal, or why there is none: the error's code and message.
    pub arn: Result<String, String>,
    pub service: Service,
}

/// The STS endpoint, as one pair of calls met it.
#[derive(Clone, Debug, Default)]
pub struct Service {
    pub endpoint: Option<String>,
    pub address: Option<String>,
    /// The first call, with its connection.
    pub first: Duration,
    /// A second call on the same connection.
    pub warm: Option<Duration>,
    /// How far the service's clock is ahead of this machine's, in seconds; negative where it is behind.
    pub ahead_s: Option<i64>,
}

/// What became of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dial {
    Connected(Duration),
    Refused,
    /// No answer in this time.
    Silent(Duration),
    /// The system knows no way there.
    NoRoute(String),
}

/// What became of a request on a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    #[default]
    NotAsked,
    Status(u16, Duration),
    /// Connected, and no answer in this time.
    Silent(Duration),
    Broken(String),
}

impl Answer {
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status(status, _) => Some(*status),
            _ => None,
        }
    }

    #[must_use]
    pub fn elapsed(&self) -> Option<Duration> {
        match self {
            Self::Status(_, elapsed) => Some(*elapsed),
            _ => None,
        }
    }

    #[must_use]
    pub fn is_silent(&self) -> bool {
        matches!(self, Self::Silent(_))
    }
}

/// Instance metadata, asked without an SDK and without a proxy.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// `host:port`.
    pub endpoint: String,
    pub dial: Dial,
    /// `PUT /latest/api/token`.
    pub token: Answer,
    pub role: Answer,
    pub credentials: Answer,
    /// The role's list without a token.
    pub v1: Answer,
    pub region: Option<String>,
    pub instance: Option<String>,
}

/// The container credentials endpoint, asked without an SDK and without a proxy.
#[derive(Clone, Debug)]
pub struct ContainerEndpoint {
    pub host: String,
    pub dial: Option<Dial>,
    pub answer: Answer,
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
pub struct Process {
    pub profile: String,
    pub elapsed: Duration,
    /// Ended by the doctor, as it did not end by itself.
    pub hung: bool,
    /// Why it gave nothing, if it ended.
    pub failed: Option<String>,
    /// Whether its output says when its credentials expire.
    pub says_expiry: bool,
}

/// A name, looked up twice.
#[derive(Clone, Debug)]
pub struct Lookup {
    pub host: String,
    pub first: Duration,
    pub second: Option<Duration>,
    pub failed: Option<String>,
}

impl Examination {
    /// The link of this name.
    #[must_use]
    pub fn link(&self, name: LinkName) -> Option<&Link> {
        self.links.iter().find(|link| link.name == name)
    }

    /// The link that the Rust SDK's chain ends at: the first that is configured, whether it gives
    /// credentials or fails.
    #[must_use]
    pub fn decisive(&self) -> Option<&Link> {
        let configured = |link: &&Link| !matches!(link.state, LinkState::Absent(_));
        self.links.iter().find(configured)
    }

    /// The link whose credentials the Rust SDK uses, and the credentials.
    #[must_use]
    pub fn winner(&self) -> Option<(&Link, &Fetched)> {
        let link = self.decisive()?;
        link.fetched().map(|fetched| (link, fetched))
    }

    /// The configured links after the one that decides.
    pub fn behind(&self) -> impl Iterator<Item = &Link> {
        let decisive = self.decisive().map(|link| link.name);
        self.links.iter().filter(move |link| {
            Some(link.name) > decisive && !matches!(link.state, LinkState::Absent(_))
        })
    }

    /// Links that gave credentials, in order.
    pub fn loaded(&self) -> impl Iterator<Item = (&Link, &Fetched)> {
        self.links
            .iter()
            .filter_map(|link| link.fetched().map(|fetched| (link, fetched)))
    }

    /// Why a link failed, if it did.
    #[must_use]
    pub fn failure(&self, name: LinkName) -> Option<&str> {
        match &self.link(name)?.state {
            LinkState::Failed(why) => Some(why),
            _ => None,
        }
    }

    /// A variable that is set to something.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }
}

impl Link {
    #[must_use]
    pub fn fetched(&self) -> Option<&Fetched> {
        match &self.state {
            LinkState::Loaded(fetched) => Some(fetched),
            _ => None,
        }
    }
}

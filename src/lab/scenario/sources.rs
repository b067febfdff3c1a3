//! What a scenario says of the two sources that a node or a container has beside it: instance metadata and
//! the container credentials endpoint.

use std::time::Duration;

use crate::lab::rules::Rules;

/// What IMDS does with version 1: requests that bring no session token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImdsV1 {
    #[default]
    Refused,
    Allowed,
    /// Version 1 is all there is: nobody answers a request for a token but with 404.
    Only,
}

/// What happens to a connection to the metadata address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Listener {
    #[default]
    Open,
    /// Connections are refused, as where nothing listens.
    Refused,
    /// Connections are never answered, as where nothing routes there.
    BlackHole,
}

/// How many packets per second the requests of all clients together may be made of. What exceeds it is
/// dropped, and sent again by TCP when it has waited long enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PacketBudget {
    /// Packets per second.
    pub rate: f64,
    /// Packets that may come at once.
    pub burst: f64,
}

/// The rules of instance metadata. Where a step says nothing, [`Imds::rules`] holds; the throttles
/// of the service and of the step both apply.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imds {
    pub v1: ImdsV1,
    /// False: 403 to everything, as with the instance's metadata endpoint switched off.
    pub enabled: bool,
    /// False: 404 instead of a role, as on an instance without an instance profile.
    pub instance_profile: bool,
    pub listener: Listener,
    /// Connections that are served at once; further ones wait, connected and unanswered.
    pub connections: Option<usize>,
    pub packets: Option<PacketBudget>,
    /// The IP TTL (IPv4) of the answer to a request for a token: how many hosts it may pass, the last one
    /// included.
    pub hop_limit: Option<u8>,
    /// Routers that are imagined between the client and the service: a token's answer whose hop limit is not
    /// above their number gets lost.
    pub routers: u8,
    pub rules: Rules,
    /// `PUT /latest/api/token`.
    pub token: Rules,
    /// The role's name.
    pub role: Rules,
    /// The role's credentials.
    pub credentials: Rules,
}

impl Default for Imds {
    fn default() -> Self {
        Self {
            v1: ImdsV1::default(),
            enabled: true,
            instance_profile: true,
            listener: Listener::default(),
            connections: None,
            packets: None,
            hop_limit: None,
            routers: 0,
            rules: Rules::default(),
            token: Rules::default(),
            role: Rules::default(),
            credentials: Rules::default(),
        }
    }
}

impl Imds {
    /// Whether a token's answer dies on one of the [`routers`](Self::routers).
    #[must_use]
    pub fn token_gets_lost(&self) -> bool {
        self.hop_limit.is_some_and(|limit| limit <= self.routers)
    }
}

/// The token file that the lab's clients are pointed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenFile {
    #[default]
    Right,
    /// No variable names one.
    Missing,
    /// It holds another token than the endpoint's.
    Wrong,
    /// It ends with a newline, which is no part of the token.
    Newline,
}

/// The container credentials endpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Container {
    pub rules: Rules,
    pub token: TokenFile,
    /// How often the token in the file is replaced. The one before it stays good until the next one.
    pub rotate: Option<Duration>,
}

/// The services' clock against the clients'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServiceClock {
    #[default]
    Right,
    Ahead(Duration),
    Behind(Duration),
}

impl ServiceClock {
    /// What the services take `time` for.
    #[must_use]
    pub fn reads(self, time: std::time::SystemTime) -> std::time::SystemTime {
        match self {
            Self::Right => time,
            Self::Ahead(by) => time + by,
            Self::Behind(by) => time - by,
        }
    }
}

//! What a scenario says of the two sources that a node or a container has beside it, instance metadata and
//! the container credentials endpoint; of the credentials that they hand out, and of the services' clock.

use std::time::{Duration, SystemTime};

use serde::Deserialize;
use serde::de::Deserializer;

use super::fields::{bad_field, bounded, burst, checked, number};
use super::rules::{Refusal, Rules, Throttle};

/// What the lab's sources hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// From issue to expiry; at least a second.
    pub lifetime: Duration,
    /// How long before expiry IMDS and the container endpoint hand out new ones. The default is a
    /// sixth of the lifetime, but never under 15 seconds (an SDK takes credentials with less than
    /// 10 seconds left for expired, and would ask again at every call) nor over half the lifetime.
    pub renew_before: Duration,
}

impl Credentials {
    /// Credentials of this lifetime, renewed when they usually are.
    #[must_use]
    pub fn lasting(lifetime: Duration) -> Self {
        let sixth = (lifetime / 6).max(Duration::from_secs(15));
        Self {
            lifetime,
            renew_before: sixth.min(lifetime / 2),
        }
    }
}

impl Default for Credentials {
    fn default() -> Self {
        Self::lasting(Duration::from_hours(1))
    }
}

impl<'de> Deserialize<'de> for Credentials {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const SHORTER: &str = "it is shorter than the lifetime, for example \"10m\" of \"1h\"";
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Fields {
            #[serde(default, deserialize_with = "lifetime")]
            lifetime: Option<Duration>,
            renew_before: Option<Duration>,
        }
        let fields = Fields::deserialize(deserializer)?;
        let mut read = fields.lifetime.map_or_else(Self::default, Self::lasting);
        read.renew_before = fields.renew_before.unwrap_or(read.renew_before);
        if read.renew_before >= read.lifetime {
            return Err(bad_field("renew_before", SHORTER));
        }
        Ok(read)
    }
}

fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    const LEAST: &str = "credentials live for at least \"1s\"";
    let long_enough = |lifetime: &Duration| lifetime.as_secs() >= 1;
    bounded(deserializer, long_enough, LEAST).map(Some)
}

/// What IMDS does with version 1: requests that bring no session token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImdsV1 {
    #[default]
    Refused,
    Allowed,
    /// Version 1 is all there is: nobody answers a request for a token but with 404.
    Only,
}

/// What happens to a connection to the metadata address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Listener {
    #[default]
    Open,
    /// Connections are refused, as where nothing listens.
    Refused,
    /// Connections are never answered, as where nothing routes there.
    BlackHole,
}

fn packets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Throttle>, D::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    #[serde(expecting = "{ rate = 1024, burst = 1024 }")]
    struct Fields {
        #[serde(deserialize_with = "packet_rate")]
        rate: f64,
        #[serde(default, deserialize_with = "packet_burst")]
        burst: Option<f64>,
    }
    let Fields { rate, burst } = Fields::deserialize(deserializer)?;
    Ok(Some(Throttle {
        rate,
        burst: burst.unwrap_or(rate),
        refusal: Refusal::Drop,
    }))
}

fn packet_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    const RATE: &str = "a rate is a number of packets per second, such as 1024";
    const TOO_SMALL: &str = "at least one packet per second passes";
    number(deserializer, RATE, 1.0, TOO_SMALL)
}

fn packet_burst<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    burst(deserializer, "a burst is a number of packets, such as 1024")
}

/// The rules of instance metadata. Where a step says nothing, [`Imds::rules`] holds; the throttles
/// of the service and of the step both apply.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Imds {
    pub v1: ImdsV1,
    pub listener: Listener,
    /// False: 403 to everything, as with the instance's metadata endpoint switched off.
    pub enabled: bool,
    /// False: 404 instead of a role, as on an instance without an instance profile.
    pub instance_profile: bool,
    /// Host names that requests may be for. Addresses and `localhost` always are; another name may be one that a web
    /// page has made point here.
    pub hosts: Vec<String>,
    /// Connections that are served at once; further ones wait, connected and unanswered.
    #[serde(deserialize_with = "connections")]
    pub connections: Option<usize>,
    /// How many packets per second the requests of all clients together may be made of. What exceeds it is
    /// dropped, and sent again by TCP when it has waited long enough.
    #[serde(deserialize_with = "packets")]
    pub packets: Option<Throttle>,
    /// The IP TTL (IPv4) of the answer to a request for a token: how many hosts it may pass, the last one
    /// included.
    #[serde(deserialize_with = "hop_limit")]
    pub hop_limit: Option<u8>,
    /// Routers that are imagined between the client and the service: a token's answer whose hop limit is not
    /// above their number gets lost.
    #[serde(deserialize_with = "routers")]
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
            listener: Listener::default(),
            enabled: true,
            instance_profile: true,
            hosts: Vec::new(),
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

fn connections<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    const RANGE: &str = "it is a number of connections from 1 to 65535, such as 8";
    checked(deserializer, |number| (1..=65_535).contains(number), RANGE).map(Some)
}

fn hop_limit<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    const RANGE: &str = "a hop limit is a number from 1 to 64, such as 1";
    checked(deserializer, |limit| (1..=64).contains(limit), RANGE).map(Some)
}

fn routers<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    const RANGE: &str = "it is a number of routers from 0 to 63, such as 1";
    checked(deserializer, |number| *number <= 63, RANGE)
}

/// The token file that the lab's clients are pointed at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Container {
    pub token: TokenFile,
    /// How often the token in the file is replaced. The one before it stays good until the next one.
    #[serde(deserialize_with = "rotate")]
    pub rotate: Option<Duration>,
    pub rules: Rules,
}

fn rotate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    const SOME_TIME: &str = "a token lasts for some time, such as \"5s\"";
    bounded(deserializer, |every: &Duration| !every.is_zero(), SOME_TIME).map(Some)
}

/// By how much the services' clock differs from the clients', if it does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServiceClock {
    pub ahead: Option<Duration>,
    pub behind: Option<Duration>,
}

impl ServiceClock {
    /// What the services take `time` for.
    #[must_use]
    pub fn reads(self, time: SystemTime) -> SystemTime {
        time + self.ahead.unwrap_or_default() - self.behind.unwrap_or_default()
    }
}

pub(super) fn clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ServiceClock, D::Error> {
    const NOT_BOTH: &str = "a clock is `ahead` or `behind`, not both";
    let holds = |clock: &ServiceClock| clock.ahead.is_none() || clock.behind.is_none();
    bounded(deserializer, holds, NOT_BOTH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_lives_are_renewed_while_an_sdk_still_trusts_them() {
        for (lifetime, renewal) in [(3600, 600), (60, 15), (20, 10)] {
            let credentials = Credentials::lasting(Duration::from_secs(lifetime));
            assert_eq!(credentials.renew_before, Duration::from_secs(renewal));
        }
    }
}

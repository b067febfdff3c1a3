//! What a scenario says of Cloud Map: the rules of its operations, and the servers that it knows.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::fields::checked;
use super::rules::{Delay, Refusal, Rules, Throttle};

/// The zones that servers may be in: the last letter of a zone's name.
const ZONES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// `DiscoverInstances` calls per second and account; its bucket holds twice as many (AWS Cloud Map
/// Developer Guide, "Service quotas").
const DISCOVERS: f64 = 1_000.0;
/// `DiscoverInstancesRevision` calls per second and account (the same page).
const REVISIONS: f64 = 3_000.0;
/// More servers than this say nothing that fewer would not.
const MOST_SERVERS: u128 = 64;

/// Cloud Map and the service that it brings.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudMap {
    /// All operations of the API. Its throttle is one bucket for all of them, besides those below.
    pub rules: Rules,
    /// `DiscoverInstances`; where it says nothing, [`CloudMap::rules`] hold.
    #[serde(deserialize_with = "discover")]
    pub discover: Rules,
    /// `DiscoverInstancesRevision`, likewise.
    #[serde(deserialize_with = "revision")]
    pub revision: Rules,
    /// Questions to the DNS view.
    pub dns: Rules,
    pub servers: Servers,
}

/// The gRPC servers behind the lab's own service. Callers are in zone `a`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Servers {
    /// Calls that one server works on at once; more wait for their turn. `None`: without limit.
    #[serde(deserialize_with = "capacity")]
    pub capacity: Option<usize>,
    /// How many there are in each zone.
    #[serde(deserialize_with = "zones")]
    pub zones: BTreeMap<&'static str, u64>,
    /// What one call takes, and what may become of it.
    pub rules: Rules,
    /// Added to calls between zones.
    pub cross_zone: Option<Delay>,
}

impl Default for CloudMap {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            discover: bucket(DISCOVERS, 2.0 * DISCOVERS),
            revision: bucket(REVISIONS, REVISIONS),
            dns: Rules::default(),
            servers: Servers::default(),
        }
    }
}

impl Default for Servers {
    fn default() -> Self {
        Self {
            capacity: None,
            zones: ["a", "b", "c"].map(|zone| (zone, 1)).into(),
            rules: Rules::default(),
            cross_zone: None,
        }
    }
}

fn bucket(rate: f64, burst: f64) -> Rules {
    Rules {
        throttle: Some(Throttle {
            rate,
            burst,
            refusal: Refusal::Status(429),
        }),
        ..Rules::default()
    }
}

fn discover<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rules, D::Error> {
    Rules::deserialize(deserializer).map(|rules| rules.over(CloudMap::default().discover))
}

fn revision<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Rules, D::Error> {
    Rules::deserialize(deserializer).map(|rules| rules.over(CloudMap::default().revision))
}

fn capacity<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<usize>, D::Error> {
    const LEAST: &str = "a capacity is a number of calls at once, at least 1";
    checked(deserializer, |calls| *calls >= 1, LEAST).map(Some)
}

/// One of [`ZONES`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Zone(&'static str);

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let known = ZONES.into_iter().find(|zone| *zone == name);
        let known = known.ok_or_else(|| D::Error::unknown_field(&name, &ZONES))?;
        Ok(Self(known))
    }
}

/// How many servers there are in a zone.
struct Count(u64);

const COUNT: &str = "it is a number of servers, such as { a = 1, b = 2 }; 64 in all at most";

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(deserializer, |_| true, COUNT).map(Self)
    }
}

fn zones<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<&'static str, u64>, D::Error> {
    let counts = BTreeMap::<Zone, Count>::deserialize(deserializer)?;
    let all: u128 = counts.values().map(|Count(n)| u128::from(*n)).sum();
    if all > MOST_SERVERS {
        return Err(D::Error::custom(COUNT));
    }
    let zones = counts.into_iter().map(|(Zone(zone), Count(n))| (zone, n));
    Ok(zones.filter(|(_, n)| *n > 0).collect())
}

//! What a scenario says of Cloud Map: the rules of its operations, and the servers that it knows.

use std::collections::BTreeMap;

use super::decode::{Result, delay, optional, rules, whole_rules};
use super::reader::{Field, nothing_else};
use crate::lab::rules::{Delay, Refusal, Rules, Throttle};

/// The zones that servers may be in: the last letter of a zone's name.
const ZONES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// `DiscoverInstances` calls per second and account; its bucket holds twice as many (AWS Cloud Map
/// Developer Guide, "Service quotas").
const DISCOVERS: f64 = 1_000.0;
/// `DiscoverInstancesRevision` calls per second and account (the same page).
const REVISIONS: f64 = 3_000.0;
/// More servers than this say nothing that fewer would not.
const MOST_SERVERS: u64 = 64;

/// Cloud Map and the service that it brings.
#[derive(Clone, Debug, PartialEq)]
pub struct CloudMap {
    /// All operations of the API. Its throttle is one bucket for all of them, besides those below.
    pub rules: Rules,
    /// `DiscoverInstances`; where it says nothing, [`CloudMap::rules`] hold.
    pub discover: Rules,
    /// `DiscoverInstancesRevision`, likewise.
    pub revision: Rules,
    /// Questions to the DNS view.
    pub dns: Rules,
    pub servers: Servers,
}

/// The gRPC servers behind the lab's own service. Callers are in zone `a`.
#[derive(Clone, Debug, PartialEq)]
pub struct Servers {
    /// How many there are in each zone.
    pub zones: BTreeMap<&'static str, u64>,
    /// Calls that one server works on at once; more wait for their turn. `None`: without limit.
    pub capacity: Option<u64>,
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
            zones: ["a", "b", "c"].map(|zone| (zone, 1)).into(),
            capacity: None,
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

pub(super) fn cloudmap(field: &Field<'_, '_>) -> Result<CloudMap> {
    let mut table = field.table()?;
    let usual = CloudMap::default();
    let cloudmap = CloudMap {
        rules: rules(&mut table)?,
        discover: whole_rules(table.field("discover"))?.over(usual.discover),
        revision: whole_rules(table.field("revision"))?.over(usual.revision),
        dns: whole_rules(table.field("dns"))?,
        servers: optional(table.field("servers"), servers)?.unwrap_or_default(),
    };
    table.finish(nothing_else)?;
    Ok(cloudmap)
}

fn servers(field: &Field<'_, '_>) -> Result<Servers> {
    const CAPACITY: &str = "a capacity is a number of calls at once, at least 1";
    let mut table = field.table()?;
    let capacity = optional(table.field("capacity"), |field| {
        match field.unsigned(CAPACITY)? {
            0 => Err(field.bad(CAPACITY)),
            capacity => Ok(capacity),
        }
    })?;
    let servers = Servers {
        zones: optional(table.field("zones"), zones)?.unwrap_or(Servers::default().zones),
        capacity,
        rules: rules(&mut table)?,
        cross_zone: optional(table.field("cross_zone"), delay)?,
    };
    table.finish(nothing_else)?;
    Ok(servers)
}

fn zones(field: &Field<'_, '_>) -> Result<BTreeMap<&'static str, u64>> {
    const COUNT: &str = "it is a number of servers, such as { a = 1, b = 2 }; 64 in all at most";
    let mut table = field.table()?;
    let mut zones = BTreeMap::new();
    for zone in ZONES {
        let count = optional(table.field(zone), |field| field.unsigned(COUNT))?;
        zones.insert(zone, count.unwrap_or(0));
    }
    table.finish(nothing_else)?;
    zones.retain(|_, count| *count > 0);
    let all = zones.values().try_fold(0_u64, |sum, n| sum.checked_add(*n));
    match all {
        Some(..=MOST_SERVERS) => Ok(zones),
        _ => Err(field.bad(COUNT)),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Scenario;
    use super::*;

    fn read(text: &str) -> CloudMap {
        Scenario::parse(text, "map.toml").unwrap().cloudmap
    }

    fn error(text: &str) -> String {
        Scenario::parse(text, "map.toml").unwrap_err().to_string()
    }

    #[test]
    fn without_a_word_the_account_has_its_usual_buckets_and_three_zones() {
        let usual = read("[cloudmap]\ndelay = '2ms'\n");
        assert_eq!(usual.servers, Servers::default());
        let throttle = usual.discover.throttle.unwrap();
        assert_eq!(throttle.rate as u64, 1_000);
        assert_eq!(throttle.burst as u64, 2_000);
        assert_eq!(usual.revision.throttle.unwrap().rate as u64, 3_000);
    }

    #[test]
    fn every_field_is_read() {
        let text = "[cloudmap.discover]\nthrottle = { rate = 5 }\n[cloudmap.revision]\ndelay = '1ms'\n\
                    [cloudmap.dns]\ndelay = '300us'\n[cloudmap.servers]\nzones = { a = 2, c = 1 }\n\
                    capacity = 4\ndelay = '5ms'\ncross_zone = '2ms'\n";
        let read = read(text);
        assert_eq!(read.discover.throttle.unwrap().burst as u64, 5);
        assert_eq!(read.revision.throttle.unwrap().rate as u64, 3_000);
        assert_eq!(read.servers.zones, [("a", 2), ("c", 1)].into());
        assert_eq!(read.servers.capacity, Some(4));
        let two = Duration::from_millis(2);
        assert_eq!(read.servers.cross_zone, Some(Delay::Constant(two)));
    }

    #[test]
    fn what_cannot_be_is_named() {
        assert!(error("[cloudmap]\ndiscovr = {}\n").contains("did you mean `discover`"));
        assert!(error("[cloudmap.servers]\ncapcity = 1\n").contains("did you mean `capacity`"));
        assert!(error("[cloudmap.servers]\ncapacity = 0\n").contains("capacity"));
        assert!(
            error("[cloudmap.servers]\nzones = { x = 1 }\n").contains("`cloudmap.servers.zones.x`")
        );
        assert!(error("[cloudmap.servers]\nzones = { a = 65 }\n").contains("64"));
    }
}

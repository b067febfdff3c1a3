//! An instance that can be called, read from the attributes that Cloud Map holds of it.

use std::collections::HashMap;
use std::net::Ipv6Addr;

/// The attribute that says in which zone an instance is; ECS sets it for its tasks.
const ZONE: &str = "AVAILABILITY_ZONE";

/// Where an instance is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Instance {
    pub id: String,
    /// An address or a name.
    pub host: String,
    pub port: u16,
    /// `None` where nobody has said: such an instance counts as being in another zone.
    pub zone: Option<String>,
}

impl Instance {
    /// Reads an instance. Its address is the first of `AWS_INSTANCE_IPV4`, `_IPV6` and `_CNAME` that it
    /// has; `port` is for one that does not say its own. `None` if it has no address, or no port.
    #[must_use]
    pub fn read(id: &str, attributes: &HashMap<String, String>, port: Option<u16>) -> Option<Self> {
        let attribute = |name: &str| attributes.get(name).filter(|value| !value.is_empty());
        let host = attribute("AWS_INSTANCE_IPV4")
            .or_else(|| attribute("AWS_INSTANCE_IPV6"))
            .or_else(|| attribute("AWS_INSTANCE_CNAME"))?;
        let own = attribute("AWS_INSTANCE_PORT").and_then(|port| port.parse().ok());
        Some(Self {
            id: id.to_owned(),
            host: host.clone(),
            port: own.or(port)?,
            zone: attribute(ZONE).cloned(),
        })
    }

    /// Whether it is the same one at the same place.
    pub(super) fn is_where(&self, other: &Self) -> bool {
        (&self.id, &self.host, self.port) == (&other.id, &other.host, other.port)
    }

    /// Host and port as they stand in a URL.
    #[must_use]
    pub fn authority(&self) -> String {
        if self.host.parse::<Ipv6Addr>().is_ok() {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
impl Instance {
    /// Where nobody listens, and in no zone.
    pub(super) fn named(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            host: "127.0.0.1".to_owned(),
            port: 1,
            zone: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(attributes: &[(&str, &str)], port: Option<u16>) -> Option<Instance> {
        let attributes = attributes.iter();
        let attributes = attributes.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Instance::read("i-1", &attributes.collect(), port)
    }

    #[test]
    fn an_address_of_any_kind_will_do() {
        let port = ("AWS_INSTANCE_PORT", "50051");
        let authority = |name, value| read(&[(name, value), port], None).unwrap().authority();
        assert_eq!(authority("AWS_INSTANCE_IPV4", "10.0.0.7"), "10.0.0.7:50051");
        assert_eq!(authority("AWS_INSTANCE_IPV6", "fd00::7"), "[fd00::7]:50051");
        assert_eq!(
            authority("AWS_INSTANCE_CNAME", "a.example"),
            "a.example:50051"
        );
        assert_eq!(read(&[port], None), None);
    }

    #[test]
    fn a_missing_port_is_the_targets_and_a_missing_zone_is_none() {
        let address = ("AWS_INSTANCE_IPV4", "10.0.0.7");
        assert_eq!(read(&[address], None), None);
        let known = read(&[address], Some(80)).unwrap();
        assert_eq!((known.port, known.zone), (80, None));
        let own = [address, ("AWS_INSTANCE_PORT", "81"), (ZONE, "eu-west-1a")];
        let own = read(&own, Some(80)).unwrap();
        assert_eq!((own.port, own.zone.as_deref()), (81, Some("eu-west-1a")));
    }
}

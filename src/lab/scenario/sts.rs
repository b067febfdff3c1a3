//! What a scenario says of the STS endpoints.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::rules::Rules;

/// The rules of the STS endpoints.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "BTreeMap<Endpoint, Rules>")]
pub struct Sts {
    /// `sts.amazonaws.com`.
    pub global: Rules,
    /// Every Region's own endpoint, each with a throttle of its own.
    pub regional: Rules,
    /// One Region; where it says nothing, [`Sts::regional`] holds.
    pub regions: BTreeMap<String, Rules>,
}

impl Sts {
    /// The rules of one Region's endpoint.
    #[must_use]
    pub fn of(&self, region: &str) -> Rules {
        let own = self.regions.get(region).copied().unwrap_or_default();
        own.over(self.regional)
    }
}

/// Whether a word has the form of a Region's name: words of letters, the last a number.
pub(in crate::lab) fn is_region(name: &str) -> bool {
    let parts: Vec<&str> = name.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    name.len() <= 32
        && parts.len() >= 3
        && parts[..parts.len() - 1].iter().all(letters)
        && parts[parts.len() - 1].parse::<u8>().is_ok()
}

/// `global`, `regional` or a Region.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Endpoint(String);

impl<'de> Deserialize<'de> for Endpoint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const OTHERS: [&str; 2] = ["global", "regional"];
        let name = String::deserialize(deserializer)?;
        if !is_region(&name) && !OTHERS.contains(&name.as_str()) {
            return Err(D::Error::unknown_field(&name, &OTHERS));
        }
        Ok(Self(name))
    }
}

impl From<BTreeMap<Endpoint, Rules>> for Sts {
    fn from(rules: BTreeMap<Endpoint, Rules>) -> Self {
        let mut regions: BTreeMap<_, _> = rules
            .into_iter()
            .map(|(name, rules)| (name.0, rules))
            .collect();
        Self {
            global: regions.remove("global").unwrap_or_default(),
            regional: regions.remove("regional").unwrap_or_default(),
            regions,
        }
    }
}

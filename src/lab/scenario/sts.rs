//! What a scenario says of the STS endpoints.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Visitor};

use super::rules::Rules;

/// The rules of the STS endpoints.
#[derive(Clone, Debug, Default, PartialEq)]
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

impl<'de> Deserialize<'de> for Sts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Endpoints;

        impl<'de> Visitor<'de> for Endpoints {
            type Value = Sts;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of endpoints")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Sts, A::Error> {
                let mut sts = Sts::default();
                while let Some(name) = table.next_key::<String>()? {
                    match name.as_str() {
                        "global" => sts.global = table.next_value()?,
                        "regional" => sts.regional = table.next_value()?,
                        region if is_region(region) => {
                            sts.regions.insert(name, table.next_value()?);
                        }
                        _ => return Err(A::Error::unknown_field(&name, &["global", "regional"])),
                    }
                }
                Ok(sts)
            }
        }

        deserializer.deserialize_map(Endpoints)
    }
}

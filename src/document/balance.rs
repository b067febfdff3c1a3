//! Which instances and zones answered.

use serde::{Deserialize, Serialize};

use super::latency::Quantiles;

/// Where the calls of an arm went.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Balance {
    /// The caller's own zone; `None` where nobody knows it.
    pub own_zone: Option<String>,
    /// Instances that could be called when the run ended.
    pub fleet: u64,
    /// The zones that answered, the own one first.
    pub zones: Vec<ZoneCalls>,
    /// The instances that answered.
    pub instances: Vec<InstanceCalls>,
    /// The part of the calls that the own zone answered.
    pub own_share: Option<f64>,
    /// The part of the instances that are in the own zone: what a choice at random would send there.
    pub own_share_by_chance: Option<f64>,
    /// Calls that crossed zones.
    pub cross_zone_calls: Option<u64>,
    /// How many fewer crossed zones than a choice at random among all instances would have sent across;
    /// negative if it was more.
    pub cross_zone_saved: Option<f64>,
    /// Calls of the busiest instance over those that each would have if all had the same: 1 is even.
    pub imbalance: Option<f64>,
    /// Instances that were tried in vain before another one answered.
    pub retried: u64,
}

/// Calls that one zone answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ZoneCalls {
    /// As the servers say, or else as they were registered; `None` where neither does.
    pub zone: Option<String>,
    pub calls: u64,
    pub share: f64,
    pub latency: Quantiles,
}

/// Calls that one instance answered.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct InstanceCalls {
    pub instance: String,
    pub zone: Option<String>,
    pub calls: u64,
    pub share: f64,
}

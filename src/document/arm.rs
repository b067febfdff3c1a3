//! One of the things compared in a run.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::latency::{Phases, Quantiles};
use super::renewal::{Renewal, Stampede};
use crate::measure::{Connections, IdentityUse, Outcomes};

/// One of the things compared in a run.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Arm {
    pub name: String,
    /// The endpoint that the SDK resolved, as `scheme://authority`.
    pub endpoint: Option<String>,
    /// Addresses that connections of this arm really reached.
    pub remote_addresses: Vec<String>,
    /// By how many seconds the service's clock was ahead of this machine's when it first answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_s: Option<i64>,
    /// Workers, where it differs between arms (`imds --concurrency`).
    pub concurrency: Option<usize>,
    /// Measured calls, failed ones included.
    pub requests: u64,
    /// Completed calls per second of wall time, where the arm had the run to itself.
    pub rate_per_s: Option<f64>,
    pub outcomes: Outcomes,
    pub attempts: u64,
    pub connections: Connections,
    pub identity: IdentityUse,
    /// Bytes of payload that each call went through.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_call: Option<u64>,
    /// [`bytes_per_call`](Self::bytes_per_call) over the median of `total`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes_per_s: Option<f64>,
    /// Calls whose mean is one sample, where calls are too short to be timed one by one; `requests` and
    /// the phases then count samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls_per_sample: Option<u64>,
    /// Which instances and zones answered, where calls are balanced (`cloudmap`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance: Option<Balance>,
    /// What renewals did to the calls (`refresh`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<Renewal>,
    /// Where the calls were made by worker processes (`imds --compare-cache`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stampede: Option<Stampede>,
    /// The first call of a client made for it, from nothing: credentials, name, connection, TLS. Not among `requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_call: Option<FirstCall>,
    /// HTTP exchanges with credential sources, by operation.
    pub source_requests: BTreeMap<String, SourceRequests>,
    /// Successful calls only. Keys are `total`, the phases of the design in its order, and `dns`, which is
    /// a detail inside `connect` and counts lookups instead of calls.
    pub phases: Phases,
    /// The same for calls that failed; `None` when none did.
    pub failed_phases: Option<Phases>,
    /// A few of the errors seen, most frequent first.
    pub errors: Vec<ErrorSeen>,
    /// The run cut into at most 64 slices of equally many calls, in order.
    #[serde(default)]
    pub timeline: Vec<Slice>,
}

/// What a process pays once.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FirstCall {
    /// Fresh clients that it was made in (`--first`): 1 unless asked for more.
    pub clients: u64,
    pub outcomes: Outcomes,
    /// As [`Arm::phases`], of the first calls that succeeded; making the client is in `total`, and in `unexplained`.
    pub phases: Phases,
    /// The same for those that failed; `None` when none did.
    pub failed_phases: Option<Phases>,
    /// HTTP exchanges with credential sources, by operation.
    pub source_requests: BTreeMap<String, SourceRequests>,
    /// A few of the errors seen, most frequent first.
    pub errors: Vec<ErrorSeen>,
}

/// A stretch of a run, as an arm saw it.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Slice {
    /// When the slice's first call began, from the start of the run.
    pub start_s: f64,
    /// When its last call began.
    pub end_s: f64,
    /// Calls that succeeded.
    pub count: u64,
    pub failed: u64,
    /// Calls that loaded credentials.
    pub loads: u64,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub max_us: Option<f64>,
    /// As `Quantiles::histogram`, of the totals of the calls that succeeded.
    pub histogram: Option<String>,
}

/// HTTP exchanges of one operation with a credential source.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SourceRequests {
    pub count: u64,
    pub ok: u64,
    pub throttled: u64,
    pub timeout: u64,
    pub p50_us: Option<f64>,
    pub p99_us: Option<f64>,
    pub max_us: Option<f64>,
}

/// An error message that calls ended with, and how often.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ErrorSeen {
    pub message: String,
    pub count: u64,
}

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

//! What renewals of credentials did to calls, and to the source.

use serde::{Deserialize, Serialize};

use crate::simulation::Trouble;

/// Calls of an arm that met a renewal. Times are from the start of the measurement.
#[derive(Clone, Debug, Default, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Renewal {
    /// When credentials of this arm expired or were to expire.
    pub expiries_s: Vec<f64>,
    /// Calls that did not get their credentials at once.
    pub blocked: u64,
    pub longest_wait_us: Option<f64>,
    /// The most calls that waited at once.
    pub most_at_once: u64,
    /// The stretches of time in which calls waited.
    pub waits: Vec<BlockedCalls>,
    /// Calls that the service refused for their credentials.
    pub refused: u64,
    /// From the first of them to the last.
    pub refused_for_s: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outage: Option<OutageSeen>,
}

/// Calls that waited for the same credentials.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BlockedCalls {
    pub start_s: f64,
    pub end_s: f64,
    pub calls: u64,
    pub longest_us: f64,
    pub most_at_once: u64,
}

/// How an arm came through a time in which the source did not do its work.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutageSeen {
    pub trouble: Trouble,
    pub from_s: f64,
    pub until_s: f64,
    /// HTTP exchanges with the source meanwhile.
    pub source_requests: u64,
    /// From its end to the end of the first call that succeeded; `None` where none did.
    pub recovery_s: Option<f64>,
}

/// What processes that need the same credentials asked of their source.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Stampede {
    /// Worker processes.
    pub processes: u64,
    /// Requests that reached the source, by the lab's own count.
    pub arrived: Option<u64>,
    /// Processes that fetched the first credentials of the arm.
    pub at_start: u64,
    /// Times that credentials were replaced during the arm.
    pub expiries: u64,
    /// The most processes that fetched the same replacement; `None` where nothing was replaced.
    pub at_expiry: Option<u64>,
}

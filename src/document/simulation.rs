//! The bodies of the documents of `refresh --simulate` and `cloudmap --simulate`. Virtual time is exact, so the figures
//! are seconds and whole calls, and two runs of the same simulation are the same document.

use serde::{Deserialize, Serialize};

use crate::discovery::crowd::{Crowd, Fits, Quota};
use crate::simulation::{SimulatedStrategy, Trouble};

/// Strategies of renewal on a virtual clock.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulationResult {
    pub simulation: SimulatedTerms,
    pub strategies: Vec<SimulatedStrategy>,
}

/// What was simulated.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulatedTerms {
    pub duration_s: f64,
    /// From the issue of credentials to their expiry.
    pub lifetime_s: f64,
    /// From a fetch to its answer.
    pub source_latency_s: f64,
    /// How long before their expiry the source replaces the credentials that it holds; `None` for one that
    /// issues new ones at every request.
    pub renew_before_s: Option<f64>,
    /// Fetches per second before the source refuses them.
    pub source_rate_per_s: Option<f64>,
    /// Of each process.
    pub calls_per_s: f64,
    pub processes: u32,
    /// Over how long the processes start.
    pub start_over_s: f64,
    pub outage: Option<OutageWindow>,
    pub seed: u64,
}

/// When the source did not do its work.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutageWindow {
    pub trouble: Trouble,
    pub from_s: f64,
    pub until_s: f64,
}

/// What `cloudmap --simulate` computed.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CrowdsResult {
    pub seed: u64,
    /// Between two polls of one resolver.
    pub interval_s: f64,
    /// Between two full answers, where polls are for the revision.
    pub refresh_s: f64,
    /// How long each crowd is played: an answer of this age was the only one, or there was none.
    pub played_s: f64,
    pub discover_quota: Quota,
    pub revision_quota: Quota,
    /// By arithmetic: the largest crowd whose questions fit into the account's quotas.
    pub fits: Vec<Fits>,
    pub crowds: Vec<Crowd>,
}

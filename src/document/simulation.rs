//! The body of `refresh --simulate`'s document. Virtual time is exact, so the figures are seconds and whole calls,
//! and two runs of the same simulation are the same document.

use serde::{Deserialize, Serialize};

use crate::simulation::{Player, Trouble};

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

/// How one strategy did, over all processes.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SimulatedStrategy {
    pub name: Player,
    /// Renewals that calls had to wait for.
    pub inline_refreshes: u64,
    /// Calls that waited for credentials.
    pub blocked: u64,
    pub longest_wait_s: f64,
    /// The most calls that waited at once.
    pub most_at_once: u64,
    /// Calls that could not succeed: `without_credentials` and `stale` together.
    pub failed: u64,
    pub without_credentials: u64,
    /// Calls made with expired credentials.
    pub stale: u64,
    /// From the first of them to the last.
    pub stale_for_s: f64,
    pub fetches: u64,
    /// Fetches that the source refused for their rate.
    pub throttled: u64,
    /// The most fetches within one second by processes that have had credentials before: the size of the
    /// stampede.
    pub peak_fetches_per_s: u64,
    /// `None` without an outage.
    pub fetches_during_outage: Option<u64>,
    /// From the end of the outage to the first call that could succeed; `None` without an outage, and
    /// where there was no such call.
    pub recovery_s: Option<f64>,
}

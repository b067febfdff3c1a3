//! The bodies of the documents of `refresh --simulate` and `cloudmap --simulate`. Virtual time is exact, so the figures
//! are seconds and whole calls, and two runs of the same simulation are the same document.

use serde::{Deserialize, Serialize};

use crate::discovery::crowd::Manner;
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

/// Calls that an account may make.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Quota {
    pub per_s: f64,
    pub burst: f64,
}

/// The largest crowd that is not throttled.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fits {
    /// `in-step`: full answers, all at the same moments. `spread`: full answers, each at its own moments.
    /// `by-revision`: revisions, and full answers now and then, with jitter and back-off.
    pub manner: Manner,
    pub resolvers: u64,
}

/// One crowd, as played.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Crowd {
    pub resolvers: u64,
    /// As in [`Fits::manner`].
    pub manner: Manner,
    /// Questions per second of all resolvers, refused ones included.
    pub calls_per_s: f64,
    /// The part of them that is refused.
    pub throttled: f64,
    /// Age of an answer just before the next one: the median, …
    pub age_p50_s: f64,
    pub age_p99_s: f64,
    /// … and the oldest.
    pub age_max_s: f64,
}

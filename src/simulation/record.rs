//! What happened to the calls of one player.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::source::Fetches;
use super::terms::{Outage, Player};
use crate::measure::episodes;

/// Written while a simulation runs.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub waits: Vec<(Duration, Duration)>,
    /// Calls without credentials.
    pub without: u64,
    stale: u64,
    first_stale: Option<Duration>,
    last_stale: Duration,
    outage_ended: Option<Duration>,
    recovered: Option<Duration>,
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

impl Record {
    pub fn new(outage: Option<Outage>) -> Self {
        Self {
            outage_ended: outage.map(|outage| outage.until),
            ..Self::default()
        }
    }

    pub fn stale(&mut self, at: Duration) {
        self.stale += 1;
        self.first_stale.get_or_insert(at);
        self.last_stale = at;
    }

    pub fn served(&mut self, at: Duration) {
        if let Some(ended) = self.outage_ended
            && self.recovered.is_none()
        {
            self.recovered = at.checked_sub(ended);
        }
    }

    pub fn outcome(&self, player: Player, fetches: &Fetches) -> SimulatedStrategy {
        let episodes = episodes(&self.waits);
        let most = episodes.iter().map(|episode| episode.most_at_once);
        let longest = episodes.iter().map(|episode| episode.longest);
        let stale_from = self.first_stale.unwrap_or(self.last_stale);
        let peak = fetches.renewals_per_second.values().copied().max();
        SimulatedStrategy {
            name: player,
            inline_refreshes: episodes.len() as u64,
            blocked: episodes.iter().map(|episode| episode.calls).sum(),
            longest_wait_s: longest.max().unwrap_or_default().as_secs_f64(),
            most_at_once: most.max().unwrap_or(0),
            failed: self.without + self.stale,
            without_credentials: self.without,
            stale: self.stale,
            stale_for_s: self.last_stale.saturating_sub(stale_from).as_secs_f64(),
            fetches: fetches.count,
            throttled: fetches.throttled,
            peak_fetches_per_s: peak.unwrap_or(0),
            fetches_during_outage: self.outage_ended.map(|_| fetches.during_outage),
            recovery_s: self.recovered.map(|after| after.as_secs_f64()),
        }
    }
}

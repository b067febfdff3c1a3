//! What happened to the calls of one player.

use std::time::Duration;

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

/// How a player did. Times are virtual, and exact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerOutcome {
    pub player: Player,
    /// Renewals that a call had to wait for.
    pub inline_refreshes: u64,
    /// Calls that waited, the longest wait, and the most that waited at once.
    pub blocked: u64,
    pub longest_wait: Duration,
    pub most_at_once: u64,
    /// Calls that got no credentials.
    pub without: u64,
    /// Calls that went out with expired credentials, and over how long they did.
    pub stale: u64,
    pub stale_for: Duration,
    pub fetches: u64,
    pub throttled: u64,
    /// The most fetches within one second by processes that have had credentials before.
    pub peak_fetches_per_s: u64,
    pub fetches_during_outage: u64,
    /// From the end of the outage to the first call with valid credentials.
    pub recovery: Option<Duration>,
}

impl PlayerOutcome {
    /// Calls that could not succeed: without credentials, or refused for expired ones.
    pub fn failed(&self) -> u64 {
        self.without + self.stale
    }
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

    pub fn outcome(&self, player: Player, fetches: &Fetches) -> PlayerOutcome {
        let episodes = episodes(&self.waits);
        let most = episodes.iter().map(|episode| episode.most_at_once);
        let longest = episodes.iter().map(|episode| episode.longest);
        let stale_from = self.first_stale.unwrap_or(self.last_stale);
        PlayerOutcome {
            player,
            inline_refreshes: episodes.len() as u64,
            blocked: episodes.iter().map(|episode| episode.calls).sum(),
            longest_wait: longest.max().unwrap_or_default(),
            most_at_once: most.max().unwrap_or(0),
            without: self.without,
            stale: self.stale,
            stale_for: self.last_stale.saturating_sub(stale_from),
            fetches: fetches.count,
            throttled: fetches.throttled,
            peak_fetches_per_s: fetches.peak_per_s(),
            fetches_during_outage: fetches.during_outage,
            recovery: self.recovered,
        }
    }
}

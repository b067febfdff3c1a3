//! What happened to the calls of one player.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::source::Fetches;
use super::terms::{Outage, Player};
use crate::measure::Waits;

/// Written while a simulation runs.
#[derive(Debug, Default)]
pub(super) struct Record(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    waits: Waits,
    without: u64,
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
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.without + self.stale
    }
}

impl Record {
    pub fn new(outage: Option<Outage>) -> Self {
        Self(Mutex::new(Counts {
            outage_ended: outage.map(|outage| outage.until),
            ..Counts::default()
        }))
    }

    pub fn waited(&self, from: Duration, until: Duration) {
        self.counts().waits.record(from, until);
    }

    pub fn without(&self) {
        self.counts().without += 1;
    }

    pub fn stale(&self, at: Duration) {
        let mut counts = self.counts();
        counts.stale += 1;
        counts.first_stale.get_or_insert(at);
        counts.last_stale = at;
    }

    pub fn served(&self, at: Duration) {
        let mut counts = self.counts();
        if let Some(ended) = counts.outage_ended
            && counts.recovered.is_none()
        {
            counts.recovered = at.checked_sub(ended);
        }
    }

    pub fn outcome(&self, player: Player, fetches: &Fetches) -> PlayerOutcome {
        let counts = self.counts();
        let episodes = counts.waits.episodes();
        let most = episodes.iter().map(|episode| episode.most_at_once);
        let longest = episodes.iter().map(|episode| episode.longest);
        PlayerOutcome {
            player,
            inline_refreshes: episodes.len() as u64,
            blocked: episodes.iter().map(|episode| episode.calls).sum(),
            longest_wait: longest.max().unwrap_or_default(),
            most_at_once: most.max().unwrap_or(0),
            without: counts.without,
            stale: counts.stale,
            stale_for: counts.first_stale.map_or(Duration::ZERO, |first| {
                counts.last_stale.saturating_sub(first)
            }),
            fetches: fetches.count,
            throttled: fetches.throttled,
            peak_fetches_per_s: fetches.peak_per_s(),
            fetches_during_outage: fetches.during_outage,
            recovery: counts.recovered,
        }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

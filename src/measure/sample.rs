//! One measured call. A failed call is a sample like any other.

use std::time::Duration;

use super::phase::{Phase, PhaseTimes};

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    Ok,
    /// Refused for its rate: 429, 503, or an error code that says so.
    Throttled,
    /// Refused for its identity or permissions.
    Denied,
    /// No answer within a time limit.
    Timeout,
    /// No connection.
    Connect,
    Other,
}

impl Outcome {
    pub const ALL: [Self; 6] = [
        Self::Ok,
        Self::Throttled,
        Self::Denied,
        Self::Timeout,
        Self::Connect,
        Self::Other,
    ];
}

/// How one attempt came by its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdentityPath {
    /// They were cached.
    Hit,
    /// This attempt loaded them from their source.
    Load,
    /// Another call was loading them, and this one waited for it.
    Wait,
}

/// How many attempts of a call came by their credentials in which way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IdentityCounts {
    pub hits: u32,
    pub loads: u32,
    pub waits: u32,
}

impl IdentityCounts {
    pub fn add(&mut self, path: IdentityPath) {
        match path {
            IdentityPath::Hit => self.hits += 1,
            IdentityPath::Load => self.loads += 1,
            IdentityPath::Wait => self.waits += 1,
        }
    }
}

/// What was seen of one call. Counts are over its attempts.
#[derive(Clone, Debug)]
pub struct Sample {
    pub outcome: Outcome,
    /// Measured on its own, not added up from the phases.
    pub total: Duration,
    pub phases: PhaseTimes,
    pub attempts: u32,
    /// Connections that had carried no request before.
    pub fresh: u32,
    pub reused: u32,
    pub identity: IdentityCounts,
    /// What went wrong, in the words of whoever reported it; `None` when nothing did.
    pub error: Option<String>,
}

impl Sample {
    /// Counts the call from its planned start, `queued` before it began.
    pub fn queued(&mut self, queued: Duration) {
        self.phases[Phase::Queue] += queued;
        self.total += queued;
    }

    /// The call from its own start: what is left of the total without the wait for that start.
    #[must_use]
    pub fn service(&self) -> Duration {
        self.total.saturating_sub(self.phases[Phase::Queue])
    }
}

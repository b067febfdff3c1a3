//! One measured call. A failed call is a sample like any other.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::phase::{Phase, PhaseTimes};

/// How a call ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    #[default]
    Ok,
    /// Refused for its rate: 429, 503, or an error code that says so.
    Throttled,
    /// Refused for its identity or permissions.
    Denied,
    /// No answer within a time limit.
    Timeout,
    /// No connection.
    Connect,
    /// The connection was reset or closed before the answer was whole.
    Reset,
    Other,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Outcomes {
    pub ok: u64,
    pub throttled: u64,
    pub denied: u64,
    pub timeout: u64,
    pub connect: u64,
    #[serde(default)]
    pub reset: u64,
    pub other: u64,
}

impl Outcomes {
    /// Counts one that ended so.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Ok => &mut self.ok,
            Outcome::Throttled => &mut self.throttled,
            Outcome::Denied => &mut self.denied,
            Outcome::Timeout => &mut self.timeout,
            Outcome::Connect => &mut self.connect,
            Outcome::Reset => &mut self.reset,
            Outcome::Other => &mut self.other,
        } += 1;
    }

    /// Calls that did not succeed, whatever the reason.
    pub(crate) fn failed(&self) -> u64 {
        self.throttled + self.denied + self.timeout + self.connect + self.reset + self.other
    }
}

/// How one attempt came by its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdentityPath {
    /// They were cached.
    Hit,
    /// This attempt loaded them from their source.
    Load,
    /// Another call was loading them, and this one waited for it.
    Wait,
}

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Connections {
    pub fresh: u64,
    pub reused: u64,
}

/// How the calls came by their credentials: from the cache, by loading them, or by waiting for
/// another call's load.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, PartialEq, Eq)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct IdentityUse {
    pub hit: u64,
    pub load: u64,
    pub wait: u64,
}

impl IdentityUse {
    pub fn add(&mut self, path: IdentityPath) {
        match path {
            IdentityPath::Hit => self.hit += 1,
            IdentityPath::Load => self.load += 1,
            IdentityPath::Wait => self.wait += 1,
        }
    }
}

/// What was seen of one call. Counts are over its attempts.
#[derive(Clone, Debug, Default)]
pub struct Sample {
    pub outcome: Outcome,
    /// Measured on its own, not added up from the phases.
    pub total: Duration,
    pub phases: PhaseTimes,
    pub attempts: u32,
    /// Fresh ones had carried no request before.
    pub connections: Connections,
    pub identity: IdentityUse,
    /// What went wrong, in the words of whoever reported it; `None` when nothing did.
    pub error: Option<String>,
}

impl Sample {
    /// A successful call of one attempt, all of which was one phase.
    pub(crate) fn of_phase(phase: Phase, took: Duration) -> Self {
        Self::of_phases([(phase, took)])
    }

    /// A successful call of one attempt that consisted of these phases.
    #[must_use]
    pub fn of_phases(parts: impl IntoIterator<Item = (Phase, Duration)>) -> Self {
        let mut phases = PhaseTimes::default();
        for (phase, took) in parts {
            phases[phase] += took;
        }
        Self {
            total: phases.claimed(),
            phases,
            attempts: 1,
            ..Self::default()
        }
    }

    /// The same call, ended by an error.
    pub(crate) fn failed(self, outcome: Outcome, error: String) -> Self {
        Self {
            outcome,
            error: Some(error),
            ..self
        }
    }

    /// The same call, with one more attempt's way to its credentials.
    #[must_use]
    pub fn with_identity(mut self, path: IdentityPath) -> Self {
        self.identity.add(path);
        self
    }

    /// The same call, with what was made for it alone before it began.
    pub(crate) fn after_preparing(mut self, took: Duration) -> Self {
        self.total += took;
        self
    }

    /// The same call, with all that was seen of an earlier one which it could not have done without.
    pub(crate) fn following(mut self, earlier: &Self) -> Self {
        self.total += earlier.total;
        for phase in Phase::ALL {
            self.phases[phase] += earlier.phases[phase];
        }
        self.attempts += earlier.attempts;
        self.connections.fresh += earlier.connections.fresh;
        self.connections.reused += earlier.connections.reused;
        self.identity.hit += earlier.identity.hit;
        self.identity.load += earlier.identity.load;
        self.identity.wait += earlier.identity.wait;
        self
    }

    /// Counts the call from its planned start, `queued` before it began.
    pub fn queued(&mut self, queued: Duration) {
        self.phases[Phase::Queue] += queued;
        self.total += queued;
    }

    /// The call from its own start: what is left of the total without the wait for that start.
    pub(crate) fn service(&self) -> Duration {
        self.total.saturating_sub(self.phases[Phase::Queue])
    }
}

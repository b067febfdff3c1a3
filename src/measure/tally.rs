//! What was measured of one arm, in constant memory.

use std::collections::HashMap;
use std::time::Duration;

use super::distribution::Distribution;
use super::phase::Phase;
use super::sample::{Connections, IdentityUse, Outcome, Outcomes, Sample};
use super::series::Series;
use crate::disclosure;

/// Different error messages kept per arm; the rest are counted in `outcomes` only.
const MOST_ERRORS: usize = 16;

/// Everything measured of one arm.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub requests: u64,
    pub outcomes: Outcomes,
    pub attempts: u64,
    pub connections: Connections,
    pub identity: IdentityUse,
    /// Calls that succeeded.
    pub succeeded: PhaseDistributions,
    /// Calls that did not.
    pub failed: PhaseDistributions,
    /// The calls in the order of the run.
    pub series: Series,
    /// Error messages and how often each was seen.
    pub errors: HashMap<String, u64>,
}

impl Tally {
    /// Adds a call of `round` that began `at` after the start of the run.
    pub fn record(&mut self, round: u64, at: Duration, sample: &Sample) {
        self.requests += 1;
        self.outcomes.add(sample.outcome);
        self.attempts += u64::from(sample.attempts);
        self.connections.fresh += sample.connections.fresh;
        self.connections.reused += sample.connections.reused;
        self.identity.hit += sample.identity.hit;
        self.identity.load += sample.identity.load;
        self.identity.wait += sample.identity.wait;
        if sample.outcome == Outcome::Ok {
            self.succeeded.record(sample);
        } else {
            self.failed.record(sample);
        }
        self.series.record(round, at, sample);
        if let Some(error) = &sample.error {
            self.note_error(error);
        }
    }

    fn note_error(&mut self, error: &str) {
        if let Some(count) = self.errors.get_mut(error) {
            *count += 1;
        } else if self.errors.len() < MOST_ERRORS {
            // A secret that it quotes may be forgotten by the end of the run.
            let error = disclosure::without_secrets(error);
            *self.errors.entry(error).or_default() += 1;
        }
    }
}

/// A distribution per phase, with the total and the unexplained remainder.
#[derive(Clone, Debug, Default)]
pub struct PhaseDistributions {
    pub total: Distribution,
    /// The total without [`Phase::Queue`]: what a closed loop would have called the latency.
    pub service: Distribution,
    pub unexplained: Distribution,
    phases: [Distribution; Phase::ALL.len()],
}

impl PhaseDistributions {
    pub(crate) fn phase(&self, phase: Phase) -> &Distribution {
        &self.phases[phase as usize]
    }

    fn record(&mut self, sample: &Sample) {
        self.total.record(sample.total);
        self.service.record(sample.service());
        self.unexplained
            .record(sample.phases.unexplained(sample.total));
        for phase in Phase::ALL {
            self.phases[phase as usize].record(sample.phases[phase]);
        }
    }
}

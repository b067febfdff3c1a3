//! The load of a run: as the options describe it, and as the document states it.

use super::assemble;
use super::options::{LoadOptions, PacingOptions};
use crate::document::{Load, LoadMode};
use crate::measure::{Measured, Pacing, Plan};

/// Calls per arm when the user says nothing: enough for a p90, and polite to a real endpoint.
const REQUESTS: u64 = 200;

/// Calls per arm before measuring when the user says nothing.
const WARMUP: u64 = 10;

impl LoadOptions {
    /// The plan that the options describe.
    #[must_use]
    pub fn plan(&self, pacing: &PacingOptions) -> Plan {
        let usual = self.duration.is_none().then_some(REQUESTS);
        Plan {
            requests: self.requests.or(usual),
            duration: self.duration,
            warmup: self.warmup.unwrap_or(WARMUP),
            pacing: pacing.pacing(),
            seed: self.seed,
        }
    }
}

/// The load as the document states it.
#[must_use]
pub fn stated(plan: &Plan, measured: Option<&Measured>) -> Load {
    let rate = match plan.pacing {
        Pacing::Closed { .. } => None,
        Pacing::Open { rate, .. } => Some(rate),
    };
    Load {
        mode: match rate {
            Some(_) => LoadMode::Open,
            None => LoadMode::Closed,
        },
        concurrency: plan.pacing.workers(),
        rate_per_s: rate.map(|rate| rate.per_s),
        arrivals: rate.map(|rate| rate.arrivals),
        generator_lag: measured
            .and_then(|m| m.lag.as_ref())
            .map(assemble::quantiles),
        missed: rate.and(measured).map(|measured| measured.missed),
        requests: plan.requests,
        duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
        warmup: plan.warmup,
    }
}

/// The load of calls that others asked for, whoever they are.
#[must_use]
pub fn received(options: &LoadOptions) -> Load {
    Load {
        mode: LoadMode::Received,
        concurrency: 0,
        rate_per_s: None,
        arrivals: None,
        generator_lag: None,
        missed: None,
        requests: options.requests,
        duration_s: options.duration.map(|duration| duration.as_secs_f64()),
        warmup: 0,
    }
}

//! The load of a run: as the options describe it, and as the document states it.

use super::options::{LoadOptions, PacingOptions};
use crate::measure::{Measured, Pacing, Plan};
use crate::report::assemble;
use crate::report::document::Load;

/// Calls per arm when the user says nothing: enough for a p90, and polite to a real endpoint.
const REQUESTS: u64 = 200;

/// Calls per arm before measuring when the user says nothing.
const WARMUP: u64 = 10;

/// The plan that the options describe.
pub fn plan(options: &LoadOptions, pacing: &PacingOptions) -> Plan {
    Plan {
        requests: options
            .requests
            .or_else(|| options.duration.is_none().then_some(REQUESTS)),
        duration: options.duration,
        warmup: options.warmup.unwrap_or(WARMUP),
        pacing: pacing.pacing(),
        seed: options.seed,
    }
}

/// The load as the document states it.
pub fn stated(plan: &Plan, measured: Option<&Measured>) -> Load {
    let rate = match plan.pacing {
        Pacing::Closed { .. } => None,
        Pacing::Open { rate, .. } => Some(rate),
    };
    Load {
        mode: if rate.is_some() { "open" } else { "closed" }.to_owned(),
        concurrency: plan.pacing.workers(),
        rate_per_s: rate.map(|rate| rate.per_s),
        arrivals: rate.map(|rate| rate.arrivals.name().to_owned()),
        generator_lag: measured
            .and_then(|m| m.lag.as_ref())
            .map(assemble::quantiles),
        missed: rate.and(measured).map(|measured| measured.missed),
        requests: plan.requests,
        duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
        warmup: plan.warmup,
    }
}

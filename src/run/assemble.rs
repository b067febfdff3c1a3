//! From what was measured to what is reported: durations become microseconds, histograms become text.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::client::ArmFacts;
use crate::credentials::ExchangeStats;
use crate::document::codec::encode_histogram;
use crate::document::{
    Arm, Comparison, ErrorSeen, FirstCall, Load, LoadMode, Phases, Quantiles, Slice, SourceRequests,
};
use crate::measure::{
    self, Distribution, Measured, Pacing, Phase, PhaseDistributions, Plan, Statistic, Tally,
};

/// Error messages reported per arm.
const MOST_ERRORS: usize = 5;

/// An arm of the document from what was measured of it.
#[must_use]
pub fn arm(name: &str, tally: &Tally, facts: &ArmFacts) -> Arm {
    let slices = tally.series.slices(tally.series.rounds_per_block());
    Arm {
        name: name.to_owned(),
        endpoint: facts.endpoint().map(str::to_owned),
        clock_ahead_s: facts.clock_ahead_s(),
        remote_addresses: facts.remotes().iter().map(ToString::to_string).collect(),
        requests: tally.requests,
        outcomes: tally.outcomes,
        attempts: tally.attempts,
        connections: tally.connections,
        identity: tally.identity,
        source_requests: source_requests(facts),
        phases: ok_phases(tally, facts),
        failed_phases: failed_phases(tally),
        errors: errors(&tally.errors),
        timeline: slices.iter().flatten().map(slice).collect(),
        ..Arm::default()
    }
}

/// The first calls of an arm as the document holds them.
pub(super) fn first_call(tally: &Tally, facts: &ArmFacts) -> FirstCall {
    FirstCall {
        clients: tally.requests,
        outcomes: tally.outcomes,
        phases: ok_phases(tally, facts),
        failed_phases: failed_phases(tally),
        source_requests: source_requests(facts),
        errors: errors(&tally.errors),
    }
}

/// The load of a plan, and how it came out where it was measured.
pub(super) fn stated(plan: &Plan, measured: Option<&Measured>) -> Load {
    let rate = match plan.pacing {
        Pacing::Closed { .. } => None,
        Pacing::Open { rate, .. } => Some(rate),
    };
    let lag = measured.and_then(|measured| measured.lag.as_ref());
    Load {
        mode: rate.map_or(LoadMode::Closed, |_| LoadMode::Open),
        concurrency: plan.pacing.workers(),
        rate_per_s: rate.map(|rate| rate.per_s),
        arrivals: rate.map(|rate| rate.arrivals),
        generator_lag: lag.map(quantiles),
        missed: rate.and(measured).map(|measured| measured.missed),
        requests: plan.requests,
        duration_s: plan.duration.map(|duration| duration.as_secs_f64()),
        warmup: plan.warmup,
    }
}

/// A comparison of the document, between arms of these names.
#[must_use]
pub fn comparison(baseline: &str, candidate: &str, comparison: &measure::Comparison) -> Comparison {
    let us = |nanos: f64| nanos / 1e3;
    Comparison {
        baseline: baseline.to_owned(),
        candidate: candidate.to_owned(),
        phase: "total".to_owned(),
        statistic: comparison.statistic,
        quantile: match comparison.statistic {
            Statistic::Mean => None,
            Statistic::Quantile(quantile) => Some(quantile),
        },
        baseline_us: us(comparison.baseline),
        candidate_us: us(comparison.candidate),
        difference_us: us(comparison.difference),
        ci_low_us: comparison.interval.ok().map(|(low, _)| us(low)),
        ci_high_us: comparison.interval.ok().map(|(_, high)| us(high)),
        no_interval: comparison.interval.err(),
        confidence: measure::comparison::CONFIDENCE,
        smallest_us: us(comparison.smallest),
        more_calls: comparison.more_calls,
        verdict: comparison.verdict,
    }
}

/// A distribution as the document holds it.
#[must_use]
pub fn quantiles(distribution: &Distribution) -> Quantiles {
    let at = |quantile| distribution.quantile(quantile).map(us);
    let some = distribution.count() > 0;
    Quantiles {
        count: distribution.count(),
        sum_us: some.then(|| us(distribution.sum())),
        mean_us: distribution.mean().map(us),
        min_us: distribution.min().map(us),
        p50_us: at(0.5),
        p90_us: at(0.9),
        p99_us: at(0.99),
        p999_us: at(0.999),
        max_us: distribution.max().map(us),
        histogram: encode_histogram(distribution.histogram())
            .ok()
            .filter(|_| some),
    }
}

fn slice(slice: &measure::series::Slice) -> Slice {
    let mut latencies = Distribution::default();
    for (&nanos, &count) in &slice.latencies {
        latencies.record_many(Duration::from_nanos(nanos), u64::from(count));
    }
    let quantiles = quantiles(&latencies);
    Slice {
        start_s: slice.start.as_secs_f64(),
        end_s: slice.end.as_secs_f64(),
        count: quantiles.count,
        failed: slice.failed,
        loads: slice.loads,
        p50_us: quantiles.p50_us,
        p99_us: quantiles.p99_us,
        max_us: quantiles.max_us,
        histogram: quantiles.histogram,
    }
}

fn us(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

fn ok_phases(tally: &Tally, facts: &ArmFacts) -> Phases {
    let lookups = facts.lookups();
    Phases {
        dns: (lookups.count() > 0).then(|| quantiles(&lookups)),
        ..phases(&tally.succeeded)
    }
}

fn failed_phases(tally: &Tally) -> Option<Phases> {
    (tally.failed.total.count() > 0).then(|| phases(&tally.failed))
}

fn phases(distributions: &PhaseDistributions) -> Phases {
    let of = |phase| quantiles(distributions.phase(phase));
    // A closed loop has no queue: every call begins when it is meant to.
    let open = distributions
        .phase(Phase::Queue)
        .max()
        .is_some_and(|max| !max.is_zero());
    Phases {
        total: quantiles(&distributions.total),
        service: open.then(|| quantiles(&distributions.service)),
        queue: open.then(|| of(Phase::Queue)),
        serialize: of(Phase::Serialize),
        identity: of(Phase::Identity),
        endpoint: of(Phase::Endpoint),
        signing: of(Phase::Signing),
        connect: of(Phase::Connect),
        transmit: of(Phase::Transmit),
        deserialize: of(Phase::Deserialize),
        backoff: of(Phase::Backoff),
        unexplained: quantiles(&distributions.unexplained),
        dns: None,
    }
}

fn source_requests(facts: &ArmFacts) -> BTreeMap<String, SourceRequests> {
    let exchanges = facts.exchanges.snapshot().into_iter();
    let exchanges = exchanges.map(|(operation, stats)| (operation, requests(&stats)));
    exchanges.collect()
}

fn requests(stats: &ExchangeStats) -> SourceRequests {
    SourceRequests {
        count: stats.count,
        ok: stats.ok,
        throttled: stats.throttled,
        timeout: stats.timeout,
        p50_us: stats.latency.quantile(0.5).map(us),
        p99_us: stats.latency.quantile(0.99).map(us),
        max_us: stats.latency.max().map(us),
    }
}

/// The most frequent first.
fn errors(seen: &HashMap<String, u64>) -> Vec<ErrorSeen> {
    let errors = seen.iter().map(|(message, &count)| ErrorSeen {
        message: message.clone(),
        count,
    });
    let mut errors: Vec<_> = errors.collect();
    errors.sort_by(|a, b| (b.count, &a.message).cmp(&(a.count, &b.message)));
    errors.truncate(MOST_ERRORS);
    errors
}

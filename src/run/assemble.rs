//! From what was measured to what is reported: durations become microseconds, histograms become text.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::client::ArmFacts;
use crate::credentials::ExchangeStats;
use crate::document::codec::encode_histogram;
use crate::document::{
    Arm, Comparison, Connections, ErrorSeen, IdentityUse, Outcomes, Phases, Quantiles, Slice,
    SourceRequests,
};
use crate::measure::series::Series;
use crate::measure::{self, Distribution, Outcome, Phase, PhaseDistributions, Statistic, Tally};

/// Error messages reported per arm.
const MOST_ERRORS: usize = 5;

/// An arm of the document from what was measured of it.
#[must_use]
pub fn arm(name: &str, tally: &Tally, facts: &ArmFacts) -> Arm {
    let exchanges = facts.exchanges.snapshot();
    let lookups = facts.lookups();
    let mut phases = phases(&tally.succeeded);
    phases.dns = (lookups.count() > 0).then(|| quantiles(&lookups));
    Arm {
        name: name.to_owned(),
        endpoint: facts.endpoint().map(str::to_owned),
        remote_addresses: facts.remotes().iter().map(ToString::to_string).collect(),
        requests: tally.requests,
        outcomes: outcomes(tally),
        attempts: tally.attempts,
        connections: Connections {
            fresh: tally.fresh,
            reused: tally.reused,
        },
        identity: IdentityUse {
            hit: tally.hits,
            load: tally.loads,
            wait: tally.waits,
        },
        source_requests: exchanges
            .iter()
            .map(|(name, stats)| (name.clone(), source_requests(stats)))
            .collect(),
        phases,
        failed_phases: (tally.failed.total.count() > 0).then(|| self::phases(&tally.failed)),
        errors: errors(&tally.errors),
        timeline: timeline(&tally.series),
        ..Arm::default()
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
        ci_low_us: comparison.interval.map(|(low, _)| us(low)),
        ci_high_us: comparison.interval.map(|(_, high)| us(high)),
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

fn timeline(series: &Series) -> Vec<Slice> {
    let slices = series.slices(series.rounds_per_block());
    slices.iter().flatten().map(slice).collect()
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

fn outcomes(tally: &Tally) -> Outcomes {
    Outcomes {
        ok: tally.count(Outcome::Ok),
        throttled: tally.count(Outcome::Throttled),
        denied: tally.count(Outcome::Denied),
        timeout: tally.count(Outcome::Timeout),
        connect: tally.count(Outcome::Connect),
        other: tally.count(Outcome::Other),
    }
}

fn source_requests(stats: &ExchangeStats) -> SourceRequests {
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

fn errors(seen: &std::collections::HashMap<String, u64>) -> Vec<ErrorSeen> {
    let by_count: BTreeMap<_, _> = seen
        .iter()
        .map(|(message, &count)| ((std::cmp::Reverse(count), message), count))
        .collect();
    by_count
        .into_iter()
        .take(MOST_ERRORS)
        .map(|((_, message), count)| ErrorSeen {
            message: message.clone(),
            count,
        })
        .collect()
}

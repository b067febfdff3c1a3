//! What worker processes tell the process that started them: one JSON object per line.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::credentials::ExchangeStats;
use crate::measure::{Distribution, IdentityPath, Outcome, Phase, Sample};

/// A line.
#[derive(Serialize, Deserialize)]
pub(super) enum Message {
    /// Everything is set up; the next line of standard input begins the work.
    Ready,
    Request(WorkerRequest),
    /// The last line: all exchanges with the source, by operation.
    Exchanges(BTreeMap<String, Exchanged>),
}

/// How one request came by its credentials. No secrets.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct WorkerRequest {
    /// When it began, since the worker's beginning.
    pub(super) at: Duration,
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
    path: IdentityPath,
    /// Expiry of what it got, in seconds since 1970: tells one set of credentials from the next.
    pub(super) expires: Option<u64>,
    error: Option<String>,
}

/// Exchanges of one operation.
#[derive(Serialize, Deserialize)]
pub(super) struct Exchanged {
    counts: [u64; 6],
    /// Latencies in nanoseconds, to three digits, and how often each was seen.
    latencies: Vec<(u64, u64)>,
    remotes: Vec<std::net::SocketAddr>,
}

/// How a request ended: with credentials that expire then, or with an error.
pub(super) type Ended = Result<Option<u64>, (Outcome, String)>;

impl WorkerRequest {
    pub(super) fn new(at: Duration, took: Duration, path: IdentityPath, ended: Ended) -> Self {
        let (outcome, expires, error) = match ended {
            Ok(expires) => (Outcome::Ok, expires, None),
            Err((outcome, error)) => (outcome, None, Some(error)),
        };
        Self {
            at,
            took,
            outcome,
            path,
            expires,
            error,
        }
    }

    /// Whether this request asked the source.
    pub(super) fn is_load(&self) -> bool {
        self.path == IdentityPath::Load
    }

    /// The request as a measured call: all of it is [`Phase::Identity`].
    pub(super) fn sample(&self) -> Sample {
        let sample = Sample::of_phase(Phase::Identity, self.took).with_identity(self.path);
        match &self.error {
            None => sample,
            Some(error) => sample.failed(self.outcome, error.clone()),
        }
    }
}

impl Exchanged {
    pub(super) fn of(stats: &ExchangeStats) -> Self {
        let recorded = stats.latency.histogram().iter_recorded();
        Self {
            counts: [
                stats.count,
                stats.ok,
                stats.throttled,
                stats.timeout,
                stats.fresh,
                stats.reused,
            ],
            latencies: recorded
                .map(|value| (value.value_iterated_to(), value.count_at_value()))
                .collect(),
            remotes: stats.remotes.iter().copied().collect(),
        }
    }

    pub(super) fn stats(&self) -> ExchangeStats {
        let [count, ok, throttled, timeout, fresh, reused] = self.counts;
        let mut latency = Distribution::default();
        for &(nanos, times) in &self.latencies {
            latency.record_many(Duration::from_nanos(nanos), times);
        }
        ExchangeStats {
            count,
            ok,
            throttled,
            timeout,
            latency,
            fresh,
            reused,
            remotes: self.remotes.iter().copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_comes_back_as_it_was_meant() {
        let took = Duration::from_millis(7);
        let failed = Err((Outcome::Timeout, "no answer".to_owned()));
        let request = WorkerRequest::new(Duration::ZERO, took, IdentityPath::Load, failed);
        let line = serde_json::to_string(&Message::Request(request)).expect("JSON");
        let Ok(Message::Request(request)) = serde_json::from_str(&line) else {
            panic!("{line}");
        };
        let sample = request.sample();
        assert_eq!((sample.outcome, sample.total), (Outcome::Timeout, took));
        assert_eq!(sample.phases.claimed(), took);
        assert_eq!((sample.identity.loads, request.is_load()), (1, true));

        let mut stats = ExchangeStats::default();
        stats.latency.record(took);
        stats.count = 1;
        let line = serde_json::to_string(&Exchanged::of(&stats)).expect("JSON");
        let back: Exchanged = serde_json::from_str(&line).expect("JSON");
        assert_eq!((back.stats().count, back.stats().latency.count()), (1, 1));
    }
}

//! What worker processes and the process that started them tell each other, in JSON.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::credentials::{ExchangeStats, Source};
use crate::measure::{IdentityPath, Outcome, Phase, Sample};

/// What a worker is to do: the argument of its process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) cache: Cache,
    /// Of the file cache.
    pub(super) directory: PathBuf,
    pub(super) source: Source,
    pub(super) profile: Option<String>,
    pub(super) region: Option<String>,
    pub(super) role_arn: Option<String>,
    /// For each request's credentials.
    pub(super) timeout: Duration,
    /// From one request to the next.
    pub(super) every: Duration,
    /// Before the first one, so that workers do not keep step.
    pub(super) offset: Duration,
    pub(super) lasting: Duration,
    pub(super) requests: Option<u64>,
}

/// Where a worker looks for credentials before it asks the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Cache {
    /// Nowhere: each request starts from nothing, as a PHP request does.
    None,
    /// In the process's own memory, until they have expired.
    Memory,
    /// In the file that all processes share.
    File,
}

/// A line that a worker prints.
#[derive(Serialize, Deserialize)]
pub(super) enum Message {
    /// Everything is set up; the next line of standard input begins the work.
    Ready,
    Request(WorkerRequest),
    /// The last line: all exchanges with the source, by operation.
    Exchanges(BTreeMap<String, ExchangeStats>),
}

/// How one request came by its credentials. No secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct WorkerRequest {
    /// When it began, since the worker's beginning.
    pub(super) at: Duration,
    pub(super) took: Duration,
    pub(super) path: IdentityPath,
    /// Expiry of what it got, in seconds since 1970: tells one set of credentials from the next.
    pub(super) expires: Option<u64>,
    /// Why it got none.
    pub(super) error: Option<(Outcome, String)>,
}

impl WorkerRequest {
    /// Whether this request got its credentials from the source itself.
    pub(super) fn has_loaded(&self) -> bool {
        self.path == IdentityPath::Load && self.error.is_none()
    }

    /// The request as a measured call: all of it is [`Phase::Identity`].
    pub(super) fn sample(&self) -> Sample {
        let sample = Sample::of_phase(Phase::Identity, self.took).with_identity(self.path);
        match &self.error {
            None => sample,
            Some((outcome, error)) => sample.failed(*outcome, error.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_comes_back_as_it_was_meant() {
        let took = Duration::from_millis(7);
        let request = WorkerRequest {
            at: Duration::ZERO,
            took,
            path: IdentityPath::Load,
            expires: None,
            error: Some((Outcome::Timeout, "no answer".to_owned())),
        };
        let mut stats = ExchangeStats::default();
        stats.latency.record(took);
        stats.count = 1;
        let exchanges = BTreeMap::from([("imds:token".to_owned(), stats)]);
        let messages = [Message::Request(request), Message::Exchanges(exchanges)];
        let text = serde_json::to_string(&messages).expect("JSON");
        let back: [Message; 2] = serde_json::from_str(&text).expect("JSON");
        let [Message::Request(request), Message::Exchanges(exchanges)] = back else {
            panic!("{text}");
        };
        let sample = request.sample();
        assert_eq!((sample.outcome, sample.total), (Outcome::Timeout, took));
        assert_eq!(sample.phases.claimed(), took);
        assert_eq!((sample.identity.loads, request.has_loaded()), (1, false));
        let stats = &exchanges["imds:token"];
        assert_eq!((stats.count, stats.latency.count()), (1, 1));
    }
}

//! What arrived at the lab, by operation: the ground truth that the measured side is held against.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

/// Requests for one operation. `count` is counted on arrival, the others when the outcome is known;
/// a request that is still being held has none yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RequestCount {
    pub count: u64,
    /// Answered with a status below 400.
    pub ok: u64,
    /// Refused or dropped by a throttle rule.
    pub throttled: u64,
    /// Everything else: faults, denials, bad requests, and clients that left before the answer.
    pub failed: u64,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    Throttled,
    Failed,
}

#[derive(Default)]
pub(super) struct Counts {
    by_operation: Mutex<BTreeMap<&'static str, RequestCount>>,
}

impl Counts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, RequestCount>> {
        self.by_operation
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request on its arrival.
    pub(super) fn arrive(&self, operation: &'static str) -> InFlight<'_> {
        self.lock().entry(operation).or_default().count += 1;
        InFlight {
            counts: self,
            operation,
            settled: false,
        }
    }

    pub(super) fn snapshot(&self) -> BTreeMap<String, RequestCount> {
        self.lock()
            .iter()
            .map(|(operation, count)| ((*operation).to_owned(), *count))
            .collect()
    }
}

/// A request that has arrived and whose outcome is open. Dropped unsettled, it has failed.
pub(super) struct InFlight<'a> {
    counts: &'a Counts,
    operation: &'static str,
    settled: bool,
}

impl InFlight<'_> {
    /// Counts the outcome; the first one stays.
    pub(super) fn settle(&mut self, outcome: Outcome) {
        if std::mem::replace(&mut self.settled, true) {
            return;
        }
        let mut counts = self.counts.lock();
        let count = counts.entry(self.operation).or_default();
        match outcome {
            Outcome::Ok => count.ok += 1,
            Outcome::Throttled => count.throttled += 1,
            Outcome::Failed => count.failed += 1,
        }
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.settle(Outcome::Failed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_ends_in_exactly_one_outcome() {
        let counts = Counts::default();
        counts.arrive("sts:GetCallerIdentity").settle(Outcome::Ok);
        let mut request = counts.arrive("sts:GetCallerIdentity");
        request.settle(Outcome::Throttled);
        request.settle(Outcome::Ok);
        drop(request);
        drop(counts.arrive("sts:GetCallerIdentity"));
        let counted = counts.snapshot()["sts:GetCallerIdentity"];
        let expected = RequestCount {
            count: 3,
            ok: 1,
            throttled: 1,
            failed: 1,
        };
        assert_eq!(counted, expected);
    }
}

//! What is known of an arm beside its samples: where it really went, and what name lookups cost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use aws_smithy_types::date_time::{DateTime, Format};

use crate::clock;
use crate::credentials::Exchanges;
use crate::measure::Distribution;

/// Shared by all calls of one arm.
#[derive(Debug, Default)]
pub struct ArmFacts {
    /// HTTP exchanges with the arm's credential source.
    pub exchanges: Exchanges,
    pub(super) endpoint: OnceLock<String>,
    remotes: Mutex<BTreeSet<SocketAddr>>,
    lookups: Mutex<Distribution>,
    ahead_s: OnceLock<i64>,
}

impl ArmFacts {
    /// The first endpoint that the SDK resolved, as `scheme://authority`.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.endpoint.get().map(String::as_str)
    }

    /// Addresses that connections really reached (a proxy's, where there is one).
    pub(crate) fn remotes(&self) -> Vec<SocketAddr> {
        lock(&self.remotes).iter().copied().collect()
    }

    /// By how many seconds the service's clock was ahead of this machine's when it first answered.
    pub(crate) fn clock_ahead_s(&self) -> Option<i64> {
        self.ahead_s.get().copied()
    }

    /// Name lookups.
    pub(crate) fn lookups(&self) -> Distribution {
        lock(&self.lookups).clone()
    }

    /// Forgets what a warm-up left behind; where the arm went stays.
    pub fn clear(&self) {
        self.exchanges.clear();
        *lock(&self.lookups) = Distribution::default();
    }

    pub(crate) fn note_endpoint(&self, endpoint: impl FnOnce() -> String) {
        self.endpoint.get_or_init(endpoint);
    }

    pub(crate) fn note_remote(&self, address: SocketAddr) {
        lock(&self.remotes).insert(address);
    }

    /// Takes the time of an answer's `Date` header.
    pub(super) fn note_date(&self, date: Option<&str>) {
        if self.ahead_s.get().is_some() {
            return;
        }
        let date = date.and_then(|text| DateTime::from_str(text, Format::HttpDate).ok());
        let here = clock::wall().duration_since(SystemTime::UNIX_EPOCH);
        if let (Some(date), Ok(here)) = (date, here) {
            let ahead = date.secs() - here.as_secs().cast_signed();
            self.ahead_s.get_or_init(|| ahead);
        }
    }

    pub(super) fn note_lookup(&self, elapsed: Duration) {
        lock(&self.lookups).record(elapsed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! The record of an arm's renewals while it is measured.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::clock;
use crate::document::{BlockedCalls, OutageSeen, Renewal};
use crate::figures::micros;
use crate::measure::load::CallFuture;
use crate::measure::{Call, Episode, Outcome, Phase, episodes};

/// One arm's renewals. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Renewals(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    zero: Option<Instant>,
    expiries: BTreeSet<SystemTime>,
    waits: Vec<(Duration, Duration)>,
    refused: u64,
    /// When the first and the last of them ended.
    refused_between: Option<(Duration, Duration)>,
    outage: Option<OutageSeen>,
}

impl Renewals {
    /// Forgets the calls of the warm-up: what counts begins now.
    pub fn begin(&self, outage: Option<OutageSeen>) {
        let mut record = self.record();
        *record = Record {
            zero: Some(clock::now()),
            expiries: std::mem::take(&mut record.expiries),
            outage,
            ..Record::default()
        };
    }

    /// How many exchanges with the source the arm made in the outage.
    pub fn asked_in_outage(&self, source_requests: u64) {
        if let Some(outage) = &mut self.record().outage {
            outage.source_requests = source_requests;
        }
    }

    /// What the document says of it.
    pub fn renewal(&self) -> Renewal {
        let record = self.record();
        let episodes = episodes(&record.waits);
        let zero = record.zero.unwrap_or_else(clock::now);
        let started = clock::wall() - clock::since(zero);
        let expiries = record.expiries.iter();
        let expiries = expiries.map(|expiry| match expiry.duration_since(started) {
            Ok(after) => after.as_secs_f64(),
            Err(before) => -before.duration().as_secs_f64(),
        });
        let refused = record.refused_between;
        let refused_for = refused.map(|(first, last)| last.saturating_sub(first));
        let longest = episodes.iter().map(|episode| episode.longest).max();
        Renewal {
            expiries_s: expiries.collect(),
            blocked: episodes.iter().map(|episode| episode.calls).sum(),
            longest_wait_us: longest.map(micros),
            most_at_once: episodes.iter().map(|e| e.most_at_once).max().unwrap_or(0),
            waits: episodes.iter().map(blocked).collect(),
            refused: record.refused,
            refused_for_s: refused_for.unwrap_or_default().as_secs_f64(),
            outage: record.outage.clone(),
        }
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Record {
    fn ended(&mut self, at: Duration, outcome: Outcome) {
        if outcome == Outcome::Denied {
            self.refused += 1;
            let (first, last) = self.refused_between.unwrap_or((at, at));
            self.refused_between = Some((first, last.max(at)));
        }
        if outcome == Outcome::Ok
            && let Some(outage) = &mut self.outage
            && at.as_secs_f64() >= outage.until_s
        {
            let after = at.as_secs_f64() - outage.until_s;
            outage.recovery_s.get_or_insert(after);
        }
    }
}

fn blocked(episode: &Episode) -> BlockedCalls {
    BlockedCalls {
        start_s: episode.start.as_secs_f64(),
        end_s: episode.end.as_secs_f64(),
        calls: episode.calls,
        longest_us: micros(episode.longest),
        most_at_once: episode.most_at_once,
    }
}

/// A call with its waits and refusals recorded.
pub(super) struct ObservedCall<C> {
    pub call: C,
    pub renewals: Renewals,
}

impl<C: Call> Call for ObservedCall<C> {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let begun = clock::now();
            let sample = self.call.call().await;
            let ended = clock::now();
            let mut record = self.renewals.record();
            let Some(zero) = record.zero else {
                return sample;
            };
            if sample.identity.load + sample.identity.wait > 0 {
                // Nothing but serialization comes before a call asks for its credentials.
                let from = begun.saturating_duration_since(zero);
                let until = from + sample.phases[Phase::Identity];
                record.waits.push((from, until));
            }
            record.ended(ended.saturating_duration_since(zero), sample.outcome);
            drop(record);
            sample
        })
    }
}

/// A provider with the expiries that it gives recorded.
#[derive(Debug)]
pub(super) struct ObservedProvider {
    pub provider: SharedCredentialsProvider,
    pub renewals: Renewals,
}

impl ProvideCredentials for ObservedProvider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let fetched = self.provider.provide_credentials().await?;
            if let Some(expiry) = fetched.expiry() {
                self.renewals.record().expiries.insert(expiry);
            }
            Ok(fetched)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<aws_credential_types::Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

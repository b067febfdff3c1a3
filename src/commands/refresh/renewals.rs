//! What is seen of an arm's renewals while it is measured.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::clock;
use crate::document::{BlockedCalls, OutageSeen, Renewal};
use crate::measure::load::CallFuture;
use crate::measure::{Call, Episode, Outcome, Phase, Waits};

/// One arm's renewals. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Renewals(Arc<Mutex<Noted>>);

#[derive(Debug, Default)]
struct Noted {
    zero: Option<Instant>,
    expiries: Vec<SystemTime>,
    waits: Waits,
    refused: u64,
    first_refused: Option<Duration>,
    last_refused: Duration,
    outage: Option<OutageSeen>,
}

impl Renewals {
    /// Forgets the calls of the warm-up: what counts begins now.
    pub fn begin(&self, outage: Option<OutageSeen>) {
        let mut noted = self.noted();
        *noted = Noted {
            zero: Some(clock::now()),
            expiries: std::mem::take(&mut noted.expiries),
            outage,
            ..Noted::default()
        };
    }

    /// How many exchanges with the source the arm made in the outage.
    pub fn asked_in_outage(&self, source_requests: u64) {
        if let Some(outage) = &mut self.noted().outage {
            outage.source_requests = source_requests;
        }
    }

    /// `provider`, with the expiries that it gives noted here.
    pub fn noting(&self, provider: SharedCredentialsProvider) -> SharedCredentialsProvider {
        SharedCredentialsProvider::new(Noting {
            provider,
            seen: self.clone(),
        })
    }

    /// `call`, with its waits and refusals noted here.
    pub fn watching(&self, call: Arc<dyn Call>) -> Arc<dyn Call> {
        Arc::new(Watching {
            call,
            seen: self.clone(),
        })
    }

    /// What the document says of it.
    pub fn renewal(&self) -> Renewal {
        let noted = self.noted();
        let episodes = noted.waits.episodes();
        let zero = noted.zero.unwrap_or_else(clock::now);
        let started = clock::wall() - clock::since(zero);
        let expiries = noted
            .expiries
            .iter()
            .map(|expiry| match expiry.duration_since(started) {
                Ok(after) => after.as_secs_f64(),
                Err(before) => -before.duration().as_secs_f64(),
            });
        Renewal {
            expiries_s: expiries.collect(),
            blocked: episodes.iter().map(|episode| episode.calls).sum(),
            longest_wait_us: episodes
                .iter()
                .map(|episode| us(episode.longest))
                .reduce(f64::max),
            most_at_once: episodes.iter().map(|e| e.most_at_once).max().unwrap_or(0),
            waits: episodes.iter().map(blocked).collect(),
            refused: noted.refused,
            refused_for_s: noted.first_refused.map_or(0.0, |first| {
                noted.last_refused.saturating_sub(first).as_secs_f64()
            }),
            outage: noted.outage.clone(),
        }
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Noted {
    fn ended(&mut self, at: Duration, outcome: Outcome) {
        match outcome {
            Outcome::Denied => {
                self.refused += 1;
                self.first_refused.get_or_insert(at);
                self.last_refused = self.last_refused.max(at);
            }
            Outcome::Ok => {
                if let Some(outage) = &mut self.outage
                    && outage.recovery_s.is_none()
                    && at.as_secs_f64() >= outage.until_s
                {
                    outage.recovery_s = Some(at.as_secs_f64() - outage.until_s);
                }
            }
            Outcome::Throttled | Outcome::Timeout | Outcome::Connect | Outcome::Other => (),
        }
    }
}

fn blocked(episode: &Episode) -> BlockedCalls {
    BlockedCalls {
        start_s: episode.start.as_secs_f64(),
        end_s: episode.end.as_secs_f64(),
        calls: episode.calls,
        longest_us: us(episode.longest),
        most_at_once: episode.most_at_once,
    }
}

fn us(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

struct Watching {
    call: Arc<dyn Call>,
    seen: Renewals,
}

impl Call for Watching {
    fn call(&self) -> CallFuture<'_> {
        Box::pin(async move {
            let begun = clock::now();
            let sample = self.call.call().await;
            let ended = clock::now();
            let mut noted = self.seen.noted();
            let Some(zero) = noted.zero else {
                return sample;
            };
            if sample.identity.loads + sample.identity.waits > 0 {
                // Nothing but serialization comes before a call asks for its credentials.
                let from = begun.saturating_duration_since(zero);
                noted
                    .waits
                    .record(from, from + sample.phases[Phase::Identity]);
            }
            noted.ended(ended.saturating_duration_since(zero), sample.outcome);
            drop(noted);
            sample
        })
    }
}

#[derive(Debug)]
struct Noting {
    provider: SharedCredentialsProvider,
    seen: Renewals,
}

impl ProvideCredentials for Noting {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let fetched = self.provider.provide_credentials().await?;
            let mut noted = self.seen.noted();
            if let Some(expiry) = fetched.expiry()
                && !noted.expiries.contains(&expiry)
            {
                noted.expiries.push(expiry);
            }
            drop(noted);
            Ok(fetched)
        })
    }

    fn fallback_on_interrupt(&self) -> Option<aws_credential_types::Credentials> {
        self.provider.fallback_on_interrupt()
    }
}

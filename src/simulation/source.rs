//! A source of credentials that exists on the virtual clock only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::credential_fn::provide_credentials_fn;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_credential_types::provider::error::CredentialsError;

use super::clock::{Clock, START};
use super::terms::{Outage, SourceTerms, Trouble};

/// How long a client waits for an answer that does not come: the read timeout of the SDKs' container
/// providers, and what IMDS providers need to give up.
const GIVES_UP: Duration = Duration::from_secs(5);

/// The source that all processes of a simulation share.
#[derive(Debug)]
pub(super) struct Source {
    clock: Clock,
    terms: SourceTerms,
    outage: Option<Outage>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    issued: u64,
    fetches: Fetches,
    /// Tokens left in the throttle's bucket, and when that was.
    bucket: Option<(f64, Duration)>,
}

/// What the source was asked.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetches {
    pub count: u64,
    pub throttled: u64,
    pub during_outage: u64,
    /// Of processes that have had credentials before, by the second of the clock.
    pub renewals_per_second: BTreeMap<u64, u64>,
}

impl Source {
    pub fn new(clock: Clock, terms: SourceTerms, outage: Option<Outage>) -> Arc<Self> {
        Arc::new(Self {
            clock,
            terms,
            outage,
            state: Mutex::default(),
        })
    }

    pub fn fetches(&self) -> Fetches {
        locked(&self.state).fetches.clone()
    }

    /// What one process fetches with: clones have one memory.
    pub fn provider(self: &Arc<Self>) -> SharedCredentialsProvider {
        let (source, last) = (Arc::clone(self), Arc::default());
        SharedCredentialsProvider::new(provide_credentials_fn(move || {
            let (source, last) = (Arc::clone(&source), Arc::clone(&last));
            async move { source.fetch(&last).await }
        }))
    }

    /// For the process that fetched `last` the last time.
    async fn fetch(
        &self,
        last: &Mutex<Option<Credentials>>,
    ) -> Result<Credentials, CredentialsError> {
        let renewal = locked(last).is_some();
        let (response, after) = self.respond(renewal);
        tokio::time::sleep(after).await;
        let mut last = locked(last);
        match response {
            Ok(new) => Ok(last.insert(new).clone()),
            // As the SDK's IMDS provider does: a failure must not impede the use of what it has.
            Err(error) if self.terms.renew_before.is_some() => last.clone().ok_or(error),
            Err(error) => Err(error),
        }
    }

    /// What comes of a request made now, and after what time.
    fn respond(&self, renewal: bool) -> (Result<Credentials, CredentialsError>, Duration) {
        let refused = |why: &'static str| Err(CredentialsError::provider_error(why));
        let now = self.clock.elapsed();
        let lasts = |outage: &Outage| (outage.from..outage.until).contains(&now);
        let outage = self.outage.filter(lasts);
        let mut state = locked(&self.state);
        state.fetches.count += 1;
        if renewal {
            let second = state.fetches.renewals_per_second.entry(now.as_secs());
            *second.or_default() += 1;
        }
        state.fetches.during_outage += u64::from(outage.is_some());
        let response = match outage.map(|outage| outage.trouble) {
            Some(Trouble::Hang) => {
                let timed_out = CredentialsError::provider_timed_out(GIVES_UP);
                return (Err(timed_out), GIVES_UP);
            }
            Some(Trouble::Fail) => refused("the source is down"),
            None if state.admits(self.terms, now) => Ok(state.issue(self.terms, now)),
            None | Some(Trouble::Throttle) => {
                state.fetches.throttled += 1;
                refused("the source is throttling")
            }
        };
        (response, self.terms.latency)
    }
}

/// What `mutex` holds, even if a task has panicked with it in hand.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// Takes a token from the throttle's bucket, which holds what a second refills.
    fn admits(&mut self, terms: SourceTerms, now: Duration) -> bool {
        let Some(rate) = terms.rate_per_s else {
            return true;
        };
        let (left, at) = self.bucket.unwrap_or((rate, now));
        let left = (left + now.saturating_sub(at).as_secs_f64() * rate).min(rate);
        let admitted = left >= 1.0;
        self.bucket = Some((if admitted { left - 1.0 } else { left }, now));
        admitted
    }

    /// New credentials, valid from when they arrive; or, from a source that holds them, those of its current
    /// generation.
    fn issue(&mut self, terms: SourceTerms, now: Duration) -> Credentials {
        let (serial, expiry) = if let Some(renew_before) = terms.renew_before {
            let lasts = terms.lifetime.saturating_sub(renew_before);
            let generation = (now.as_nanos() / lasts.as_nanos()) as u32;
            (generation.into(), lasts * generation + terms.lifetime)
        } else {
            self.issued += 1;
            (self.issued, now + terms.latency + terms.lifetime)
        };
        let (key, expiry) = (format!("ASIA{serial:016}"), Some(START + expiry));
        Credentials::new(key, "simulated", None, expiry, "simulation")
    }
}

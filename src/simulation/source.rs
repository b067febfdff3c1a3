//! A source of credentials that exists on the virtual clock only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};

use super::clock::{Clock, START};
use super::terms::{Outage, SourceTerms, Trouble};

/// How long a client waits for an answer that does not come: the read timeout of the SDKs' container
/// providers, and what IMDS providers need to give up.
const GIVES_UP: Duration = Duration::from_secs(5);

/// The source that all processes of a simulation share. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Source(Arc<Shared>);

#[derive(Debug)]
struct Shared {
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
    /// Of processes that have had credentials before.
    renewals_per_second: BTreeMap<u64, u64>,
}

impl Fetches {
    /// The most renewals within one second of the clock.
    pub fn peak_per_s(&self) -> u64 {
        self.renewals_per_second
            .values()
            .copied()
            .max()
            .unwrap_or(0)
    }
}

impl Source {
    pub fn new(clock: Clock, terms: SourceTerms, outage: Option<Outage>) -> Self {
        Self(Arc::new(Shared {
            clock,
            terms,
            outage,
            state: Mutex::default(),
        }))
    }

    pub fn fetches(&self) -> Fetches {
        self.state().fetches.clone()
    }

    /// What one process fetches with: clones have one memory.
    pub fn provider(&self) -> Provider {
        Provider {
            source: self.clone(),
            last: Arc::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn fetch(&self, renewal: bool) -> Result<Credentials, CredentialsError> {
        let (response, after) = self.respond(renewal);
        tokio::time::sleep(after).await;
        response
    }

    /// What comes of a request made now, and after what time.
    fn respond(&self, renewal: bool) -> (Result<Credentials, CredentialsError>, Duration) {
        let refused = |why: &'static str| Err(CredentialsError::provider_error(why));
        let Shared { terms, clock, .. } = &*self.0;
        let now = clock.elapsed();
        let outage = self.0.outage.filter(|outage| outage.lasts_at(now));
        let mut state = self.state();
        state.fetches.count += 1;
        if renewal {
            let second = state.fetches.renewals_per_second.entry(now.as_secs());
            *second.or_default() += 1;
        }
        state.fetches.during_outage += u64::from(outage.is_some());
        let trouble = outage.map(|outage| outage.trouble);
        let response = match trouble {
            Some(Trouble::Hang) => {
                let timed_out = CredentialsError::provider_timed_out(GIVES_UP);
                return (Err(timed_out), GIVES_UP);
            }
            Some(Trouble::Fail) => refused("the source is down"),
            None if state.admits(*terms, now) => Ok(state.issue(*terms, now)),
            None | Some(Trouble::Throttle) => {
                state.fetches.throttled += 1;
                refused("the source is throttling")
            }
        };
        (response, terms.latency)
    }
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
        let (serial, expiry) = match terms.renew_before {
            None => {
                self.issued += 1;
                (self.issued, now + terms.latency + terms.lifetime)
            }
            Some(renew_before) => {
                let generation_lasts = terms.lifetime.saturating_sub(renew_before);
                let generation = (now.as_nanos() / generation_lasts.as_nanos()) as u32;
                (
                    u64::from(generation),
                    generation_lasts * generation + terms.lifetime,
                )
            }
        };
        Credentials::new(
            format!("ASIA{serial:016}"),
            "simulated",
            None,
            Some(START + expiry),
            "simulation",
        )
    }
}

/// The source as one process's provider.
#[derive(Clone, Debug)]
pub(super) struct Provider {
    source: Source,
    last: Arc<Mutex<Option<Credentials>>>,
}

impl Provider {
    fn last(&self) -> MutexGuard<'_, Option<Credentials>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProvideCredentials for Provider {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let renewal = self.last().is_some();
            let fetched = self.source.fetch(renewal).await;
            let mut last = self.last();
            match fetched {
                Ok(new) => {
                    *last = Some(new.clone());
                    Ok(new)
                }
                // As the SDK's IMDS provider does: a failure must not impede the use of what it has.
                Err(error) if self.source.0.terms.renew_before.is_some() => {
                    last.clone().ok_or(error)
                }
                Err(error) => Err(error),
            }
        })
    }
}

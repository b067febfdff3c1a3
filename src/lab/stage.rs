//! One request under the rules: counted, judged, held, spoiled or answered.
//!
//! It knows what every service has in common and nothing of any one of them: a service hands in its
//! rules, its way of wording errors and the function that answers.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime};

use http::StatusCode;

use super::counts::{Counts, Outcome, RequestCount, Ticket};
use super::reply::{Failure, Problem, RequestIds, Response, garbage, truncated};
use super::rules::{Fate, FaultKind, Refusal, Ruler};
use super::sleeper::Sleeper;
use crate::clock;

/// What all services share.
pub(super) struct Stage {
    start: Instant,
    sleeper: Sleeper,
    counts: Counts,
    ids: RequestIds,
}

/// The connection ends instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the scenario ends this connection")]
pub(super) struct HangUp;

/// How a connection is to end; read when its socket is dropped.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    reset: AtomicBool,
}

impl Farewell {
    /// End with RST.
    fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }
}

/// How a service takes part: its operation's name, its rules, and its errors.
pub(super) struct Part<'a> {
    pub(super) operation: &'static str,
    pub(super) ruler: &'a Ruler,
    pub(super) failure: Failure,
}

/// A request's own moment: when it arrived, and when its answer is due.
pub(super) struct Turn<'a> {
    /// Wall-clock time of arrival: signatures and expiries are judged by it.
    pub(super) arrived: SystemTime,
    pub(super) request_id: String,
    due: Instant,
    sleeper: &'a Sleeper,
}

impl Turn<'_> {
    /// Returns when the rules let the answer go. A service awaits it once, before it makes anything
    /// whose age counts (credentials), after it has judged what came in.
    pub(super) async fn due(&self) {
        self.sleeper.until(self.due).await;
    }
}

/// What becomes of a request that is not HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// It has been held as long as the rules say: answer now.
    Answer,
    /// Answer with the protocol's own refusal.
    Refuse,
    /// No answer at all.
    Silence,
}

impl Stage {
    pub(super) fn new(seed: u64) -> io::Result<Self> {
        Ok(Self {
            start: clock::now(),
            sleeper: Sleeper::start()?,
            counts: Counts::default(),
            ids: RequestIds::new(seed),
        })
    }

    pub(super) fn requests(&self) -> BTreeMap<String, RequestCount> {
        self.counts.snapshot()
    }

    /// Counts and holds one request of a protocol that is not HTTP.
    pub(super) async fn pass(&self, operation: &'static str, ruler: &Ruler) -> Passage {
        let arrival = clock::now();
        let mut ticket = self.counts.arrive(operation);
        let verdict = ruler.judge(arrival.saturating_duration_since(self.start));
        let (outcome, passage) = match verdict.fate {
            Fate::Serve => (Outcome::Ok, Passage::Answer),
            Fate::Throttle(Refusal::Status(_)) => (Outcome::Throttled, Passage::Refuse),
            Fate::Throttle(Refusal::Drop) => (Outcome::Throttled, Passage::Silence),
            Fate::Spoil(FaultKind::Status(_) | FaultKind::Garbage) => {
                (Outcome::Failed, Passage::Refuse)
            }
            Fate::Spoil(FaultKind::Reset | FaultKind::Hang | FaultKind::Truncate) => {
                (Outcome::Failed, Passage::Silence)
            }
        };
        if passage != Passage::Silence {
            self.sleeper.until(arrival + verdict.after).await;
        }
        ticket.settle(outcome);
        passage
    }

    /// Waits without counting anything: for a delay that lies outside of the service itself.
    pub(super) async fn wait(&self, ruler: &Ruler) {
        let now = clock::now();
        let verdict = ruler.judge(now.saturating_duration_since(self.start));
        self.sleeper.until(now + verdict.after).await;
    }

    /// Answers one request. `answer` is not called where the rules forbid an answer.
    pub(super) async fn play<'s, A, F>(
        &'s self,
        part: Part<'_>,
        farewell: &Farewell,
        answer: A,
    ) -> Result<Response, HangUp>
    where
        A: FnOnce(Turn<'s>) -> F,
        F: Future<Output = Response>,
    {
        let arrival = clock::now();
        let mut ticket = self.counts.arrive(part.operation);
        let request_id = self.ids.next();
        let verdict = part
            .ruler
            .judge(arrival.saturating_duration_since(self.start));
        let due = arrival + verdict.after;
        let turn = Turn {
            arrived: clock::wall(),
            request_id: request_id.clone(),
            due,
            sleeper: &self.sleeper,
        };
        match verdict.fate {
            Fate::Serve => {
                let response = answer(turn).await;
                ticket.settle(outcome(&response));
                Ok(response)
            }
            Fate::Throttle(Refusal::Drop) => {
                drop(answer);
                silence(ticket, Outcome::Throttled).await
            }
            Fate::Throttle(Refusal::Status(status)) => {
                turn.due().await;
                ticket.settle(Outcome::Throttled);
                Ok(failed(&part, status, Problem::Throttled, &request_id))
            }
            Fate::Spoil(FaultKind::Hang) => {
                drop(answer);
                silence(ticket, Outcome::Failed).await
            }
            Fate::Spoil(FaultKind::Truncate) => {
                let response = answer(turn).await;
                ticket.settle(Outcome::Failed);
                truncated(response).await.ok_or(HangUp)
            }
            Fate::Spoil(kind) => {
                drop(answer);
                turn.due().await;
                ticket.settle(Outcome::Failed);
                spoiled(kind, &part, farewell, &request_id)
            }
        }
    }
}

/// No answer: the connection stays open until the client gives up or the lab stops.
async fn silence(mut ticket: Ticket<'_>, outcome: Outcome) -> Result<Response, HangUp> {
    ticket.settle(outcome);
    pending().await
}

/// What a fault answers in the service's place.
fn spoiled(
    kind: FaultKind,
    part: &Part<'_>,
    farewell: &Farewell,
    request_id: &str,
) -> Result<Response, HangUp> {
    match kind {
        FaultKind::Status(status) => Ok(failed(part, status, Problem::Fault, request_id)),
        FaultKind::Garbage => Ok(garbage()),
        FaultKind::Reset | FaultKind::Hang | FaultKind::Truncate => {
            farewell.reset();
            Err(HangUp)
        }
    }
}

fn failed(part: &Part<'_>, status: u16, why: Problem, request_id: &str) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (part.failure)(status, why, request_id)
}

fn outcome(response: &Response) -> Outcome {
    if response.status().as_u16() < 400 {
        Outcome::Ok
    } else {
        Outcome::Failed
    }
}

//! One request under the rules: counted, judged, held, spoiled or answered.
//!
//! It knows what every service has in common and nothing of any one of them: a service hands in its
//! rules, its way of wording errors and the function that answers.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Instant, SystemTime};

use http::StatusCode;
use http::header::DATE;

use time::OffsetDateTime;
use time::macros::format_description;

use super::counts::{Counts, Outcome, RequestCount, Ticket};
use super::packets::Packets;
use super::reply::{Failure, Problem, RequestIds, Response, garbage, header, truncated};
use super::rules::{Action, FaultKind, Refusal, RuleEvaluator};
use super::scenario::ServiceClock;
use super::sleeper::Sleeper;
use crate::clock;

/// What all services share.
pub(super) struct Stage {
    start: Instant,
    clock: ServiceClock,
    sleeper: Sleeper,
    counts: Counts,
    ids: RequestIds,
}

/// The connection ends instead of an answer.
#[derive(Debug, thiserror::Error)]
#[error("the scenario ends this connection")]
pub(super) struct HangUp;

/// How a connection is to go on and to end; read by its socket.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    reset: AtomicBool,
    hop_limit: AtomicU8,
}

impl Farewell {
    /// End with RST.
    fn reset(&self) {
        self.reset.store(true, Ordering::Relaxed);
    }

    /// The IP TTL of what is sent from now on; 0 for the system's own.
    pub(super) fn limit_hops(&self, limit: u8) {
        self.hop_limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn hop_limit(&self) -> u8 {
        self.hop_limit.load(Ordering::Relaxed)
    }

    pub(super) fn is_reset(&self) -> bool {
        self.reset.load(Ordering::Relaxed)
    }
}

/// How a service takes part: its operation's name, its rules, and its errors.
pub(super) struct Part<'a> {
    pub(super) operation: &'static str,
    pub(super) ruler: &'a RuleEvaluator,
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
    pub(super) fn new(seed: u64, clock: ServiceClock) -> io::Result<Self> {
        Ok(Self {
            start: clock::now(),
            clock,
            sleeper: Sleeper::start()?,
            counts: Counts::default(),
            ids: RequestIds::new(seed),
        })
    }

    pub(super) fn requests(&self) -> BTreeMap<String, RequestCount> {
        self.counts.snapshot()
    }

    /// Counts and holds one request of a protocol that is not HTTP.
    pub(super) async fn pass(&self, operation: &'static str, ruler: &RuleEvaluator) -> Passage {
        let arrival = clock::now();
        let mut ticket = self.counts.arrive(operation);
        let decision = ruler.decide(arrival.saturating_duration_since(self.start));
        let (outcome, passage) = match decision.action {
            Action::Serve => (Outcome::Ok, Passage::Answer),
            Action::Throttle(Refusal::Status(_)) => (Outcome::Throttled, Passage::Refuse),
            Action::Throttle(Refusal::Drop) => (Outcome::Throttled, Passage::Silence),
            Action::Fault(FaultKind::Status(_) | FaultKind::Garbage) => {
                (Outcome::Failed, Passage::Refuse)
            }
            Action::Fault(FaultKind::Reset | FaultKind::Hang | FaultKind::Truncate) => {
                (Outcome::Failed, Passage::Silence)
            }
        };
        if passage != Passage::Silence {
            self.sleeper.until(arrival + decision.after).await;
        }
        ticket.settle(outcome);
        passage
    }

    /// Waits without counting anything: for a delay that lies outside of the service itself.
    pub(super) async fn wait(&self, ruler: &RuleEvaluator) {
        let now = clock::now();
        let decision = ruler.decide(now.saturating_duration_since(self.start));
        self.sleeper.until(now + decision.after).await;
    }

    /// Returns when the packets of a request have come through.
    pub(super) async fn after_packets(&self, packets: &Packets, first: bool) {
        packets.arrive(first, &self.sleeper, &self.counts).await;
    }

    /// Answers one request, and dates the answer by the services' clock. `answer` is not called where the
    /// rules forbid an answer.
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
        let mut response = self.judged(part, farewell, answer).await?;
        if self.clock != ServiceClock::Right {
            header(
                &mut response,
                DATE,
                &http_date(self.clock.reads(clock::wall())),
            );
        }
        Ok(response)
    }

    /// Answers one request. `answer` is not called where the rules forbid an answer.
    async fn judged<'s, A, F>(
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
        let decision = part
            .ruler
            .decide(arrival.saturating_duration_since(self.start));
        let due = arrival + decision.after;
        let turn = Turn {
            arrived: self.clock.reads(clock::wall()),
            request_id: request_id.clone(),
            due,
            sleeper: &self.sleeper,
        };
        match decision.action {
            Action::Serve => {
                let response = answer(turn).await;
                ticket.settle(outcome(&response));
                Ok(response)
            }
            Action::Throttle(Refusal::Drop) => {
                drop(answer);
                silence(ticket, Outcome::Throttled).await
            }
            Action::Throttle(Refusal::Status(status)) => {
                turn.due().await;
                ticket.settle(Outcome::Throttled);
                Ok(failed(&part, status, Problem::Throttled, &request_id))
            }
            Action::Fault(FaultKind::Hang) => {
                drop(answer);
                silence(ticket, Outcome::Failed).await
            }
            Action::Fault(FaultKind::Truncate) => {
                let response = answer(turn).await;
                ticket.settle(Outcome::Failed);
                truncated(response).await.ok_or(HangUp)
            }
            Action::Fault(kind) => {
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

/// As RFC 9110 writes a date.
fn http_date(time: SystemTime) -> String {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    OffsetDateTime::from(time).format(form).unwrap_or_default()
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

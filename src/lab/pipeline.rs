//! One request under the rules: counted, judged, held back, spoiled or answered.
//!
//! It knows what every [`Service`] has in common and nothing of any one of them.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime};

use http::StatusCode;
use http::header::DATE;
use time::OffsetDateTime;
use time::macros::format_description;

use super::connection::{ConnectionControl, Disconnect};
use super::counts::{Counts, Outcome};
use super::response::{Response, garbage, header, request_id, truncated};
use super::rules::{Action, FaultKind, Refusal, RuleEvaluator};
use super::scenario::ServiceClock;
use super::service::{ErrorCause, Request, RequestContext, Service};
use super::timer::PreciseTimer;
use crate::clock;

/// What all requests of a lab pass through.
pub(super) struct Pipeline {
    pub(super) start: Instant,
    pub(super) timer: PreciseTimer,
    pub(super) counts: Counts,
    clock: ServiceClock,
    seed: u64,
    /// How many requests have had an id.
    serial: AtomicU64,
}

/// What becomes of a request that is not HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It has been held back as long as the rules say: answer now.
    Answer,
    /// Answer with the protocol's own refusal.
    Refuse,
    /// No answer at all.
    Ignore,
}

impl Pipeline {
    pub(super) fn new(seed: u64, clock: ServiceClock) -> io::Result<Self> {
        Ok(Self {
            start: clock::now(),
            timer: PreciseTimer::start()?,
            counts: Counts::default(),
            clock,
            seed,
            serial: AtomicU64::new(0),
        })
    }

    /// What becomes of a request that arrives now, and when its answer is due if it gets one.
    fn decide(&self, rules: &RuleEvaluator) -> (Action, Instant) {
        let arrival = clock::now();
        let decision = rules.decide(arrival.saturating_duration_since(self.start));
        (decision.action, arrival + decision.after)
    }

    /// Counts and holds back one request of a protocol that is not HTTP.
    pub(super) async fn admit(&self, operation: &'static str, rules: &RuleEvaluator) -> Admission {
        let mut in_flight = self.counts.arrive(operation);
        let (action, due) = self.decide(rules);
        let (outcome, admission) = match action {
            Action::Serve => (Outcome::Ok, Admission::Answer),
            Action::Throttle(Refusal::Status(_)) => (Outcome::Throttled, Admission::Refuse),
            Action::Throttle(Refusal::Drop) => (Outcome::Throttled, Admission::Ignore),
            Action::Fault(FaultKind::Status(_) | FaultKind::Garbage) => {
                (Outcome::Failed, Admission::Refuse)
            }
            Action::Fault(FaultKind::Reset | FaultKind::Hang | FaultKind::Truncate) => {
                (Outcome::Failed, Admission::Ignore)
            }
        };
        if admission != Admission::Ignore {
            self.timer.until(due).await;
        }
        in_flight.settle(outcome);
        admission
    }

    /// Waits without counting anything: for a delay that lies outside of the service itself.
    pub(super) async fn wait(&self, rules: &RuleEvaluator) {
        self.timer.until(self.decide(rules).1).await;
    }

    /// Answers one request, and dates the answer by the services' clock.
    pub(super) async fn run(
        &self,
        service: &dyn Service,
        request: Request,
        connection: &ConnectionControl,
    ) -> Result<Response, Disconnect> {
        let mut response = self.answer(service, request, connection).await?;
        if self.clock != ServiceClock::default() {
            let now = self.clock.reads(clock::wall());
            header(&mut response, DATE, &http_date(now));
        }
        Ok(response)
    }

    /// Answers one request. The service is not asked where the rules forbid an answer.
    async fn answer(
        &self,
        service: &dyn Service,
        request: Request,
        connection: &ConnectionControl,
    ) -> Result<Response, Disconnect> {
        let operation = service.operation(&request);
        let mut in_flight = self.counts.arrive(operation.name);
        let (action, due) = self.decide(&operation.rules);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let context = RequestContext {
            arrived: self.clock.reads(clock::wall()),
            request_id: request_id(self.seed, serial),
            due,
            timer: &self.timer,
        };
        let refused = match action {
            Action::Serve => {
                let response = service.answer(request, context).await;
                let ok = response.status().as_u16() < 400;
                in_flight.settle(if ok { Outcome::Ok } else { Outcome::Failed });
                return Ok(response);
            }
            Action::Fault(FaultKind::Truncate) => {
                let response = service.answer(request, context).await;
                in_flight.settle(Outcome::Failed);
                return truncated(response).await.ok_or(Disconnect);
            }
            Action::Throttle(_) => Outcome::Throttled,
            Action::Fault(_) => Outcome::Failed,
        };
        if let Action::Throttle(Refusal::Drop) | Action::Fault(FaultKind::Hang) = action {
            drop(request);
            in_flight.settle(refused);
            // The connection stays open until the client gives up or the lab stops.
            return pending().await;
        }
        context.due().await;
        in_flight.settle(refused);
        let (status, cause) = match action {
            Action::Throttle(Refusal::Status(status)) => (status, ErrorCause::Throttled),
            Action::Fault(FaultKind::Status(status)) => (status, ErrorCause::Fault),
            Action::Fault(FaultKind::Garbage) => return Ok(garbage()),
            _ => {
                connection.reset();
                return Err(Disconnect);
            }
        };
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Ok(service.error(status, cause, &context.request_id))
    }
}

/// As RFC 9110 writes a date.
fn http_date(time: SystemTime) -> String {
    let form = format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    OffsetDateTime::from(time).format(form).unwrap_or_default()
}

//! The timeline of one call: which phase it is in, and since when.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::pin;
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::telemetry::{
    CaptureHttpAttemptTelemetry, ConnectionAcquisitionTelemetry, ConnectionUsage,
};

use crate::clock;
use crate::credentials::watching;
use crate::measure::{Outcome, Phase, Sample};

tokio::task_local! {
    static TIMELINE: RefCell<Timeline>;
}

/// Runs `call` with a timeline of its own, and returns what the SDK's hooks wrote on it.
///
/// The hooks run in the task that awaits the call, so one observed call must not start another. The SDK's
/// futures are tens of kilobytes, and each layer round one moves it: hand over a boxed one.
pub async fn observe<F: Future>(call: F) -> (F::Output, Timeline) {
    let scoped = async {
        let (output, last) = watching(noting_waits(call)).await;
        let mut timeline = TIMELINE.with(RefCell::take);
        timeline.fetch_ended = last;
        (output, timeline)
    };
    TIMELINE.scope(RefCell::default(), scoped).await
}

/// Awaits `call`, and lets its timeline see each time that it waits: no hook tells of the beginning of a back-off, or
/// of a connection that a request has been given before there is an answer.
async fn noting_waits<F: Future>(call: F) -> F::Output {
    let mut call = pin!(call);
    poll_fn(|cx| {
        let polled = call.as_mut().poll(cx);
        if polled.is_pending() {
            write(Timeline::waits);
        }
        polled
    })
    .await
}

/// Lets a hook write on the timeline of the current call, if there is one.
pub(super) fn write<R>(change: impl FnOnce(&mut Timeline) -> R) -> Option<R> {
    TIMELINE
        .try_with(|timeline| change(&mut timeline.borrow_mut()))
        .ok()
}

/// Times one more stretch of the current call as part of [`Phase::Deserialize`], and moves the end of the
/// call to its end: for a body that is read after the SDK has handed over the response.
pub async fn reading_body<F: Future>(body: F) -> F::Output {
    write(|timeline| timeline.enter(Phase::Deserialize));
    let output = body.await;
    write(Timeline::end);
    output
}

/// The sample of a call that could not even be prepared.
pub fn never_sent(error: String) -> Sample {
    Timeline::default().sample(Outcome::Other, Some(error))
}

/// What the hooks saw of one call.
#[derive(Debug, Default)]
pub struct Timeline {
    started: Option<Instant>,
    ended: Option<Instant>,
    pub(super) sample: Sample,
    open: Option<(Phase, Instant)>,
    /// When the last attempt ended, until it is known what follows.
    attempt_ended: Option<Instant>,
    /// Time in [`Phase::Transmit`] so far that has been divided between connecting and transmitting.
    divided: Duration,
    /// The exchange of the attempt under way.
    exchange: Option<Exchange>,
    pub(super) loaded: bool,
    /// How the last exchange with a credential source ended, if there was one.
    pub(super) fetch_ended: Option<Outcome>,
}

/// What the pool tells of one exchange.
#[derive(Debug)]
struct Exchange {
    begun: Instant,
    /// Complete, but only from the answer on.
    telemetry: CaptureHttpAttemptTelemetry,
    /// The connection that the request was given.
    connection: CaptureSmithyConnection,
    /// When that was, as the first wait after it shows.
    connected: Option<Instant>,
}

impl Timeline {
    pub(super) fn start(&mut self) {
        self.started = Some(clock::now());
    }

    /// Ends the open phase, if any, and opens `phase` at the same instant.
    pub(super) fn enter(&mut self, phase: Phase) {
        let now = clock::now();
        self.close(now);
        self.open = Some((phase, now));
    }

    /// Ends the open phase; what follows is unexplained until the next one is entered.
    pub(super) fn leave(&mut self) {
        self.close(clock::now());
    }

    fn close(&mut self, now: Instant) {
        if let Some((phase, since)) = self.open.take() {
            self.sample.phases[phase] += now.saturating_duration_since(since);
        }
    }

    /// Ends the call. A time limit on the whole of it ends it inside an attempt, without a word to the
    /// attempt's hooks.
    pub(super) fn end(&mut self) {
        self.leave();
        self.divide_transmit();
        self.attempt_ended = None;
        self.ended = Some(clock::now());
    }

    /// Begins an attempt, whose first phase is `phase`.
    pub(super) fn begin_attempt(&mut self, phase: Phase) {
        self.attempt_ended = None;
        self.sample.attempts += 1;
        self.enter(phase);
    }

    /// Begins an exchange. The pool tells of it on what the request carries.
    pub(super) fn transmit(
        &mut self,
        telemetry: CaptureHttpAttemptTelemetry,
        connection: CaptureSmithyConnection,
    ) {
        let begun = clock::now();
        self.close(begun);
        self.open = Some((Phase::Transmit, begun));
        self.exchange = Some(Exchange {
            begun,
            telemetry,
            connection,
            connected: None,
        });
    }

    /// The address that this attempt's connection reached; that of a reused one is known.
    pub(super) fn new_remote(&self) -> Option<SocketAddr> {
        let exchange = self.exchange.as_ref()?;
        let telemetry = exchange.telemetry.get();
        match telemetry
            .acquisition()
            .map(ConnectionAcquisitionTelemetry::usage)
        {
            Some(ConnectionUsage::Fresh) => telemetry.connection()?.remote_addr(),
            Some(_) => None,
            None => exchange.connection.get()?.remote_addr(),
        }
    }

    /// Between two attempts, a call waits in back-off.
    fn waits(&mut self) {
        if let Some(ended) = self.attempt_ended.take() {
            self.open = Some((Phase::Backoff, ended));
        }
        if let Some(exchange) = &mut self.exchange
            && exchange.connected.is_none()
            && exchange.connection.get().is_some()
        {
            exchange.connected = Some(clock::now());
        }
    }

    /// Ends an attempt, whichever phase it got to.
    pub(super) fn end_attempt(&mut self) {
        let now = clock::now();
        self.close(now);
        self.divide_transmit();
        self.attempt_ended = Some(now);
    }

    /// Takes the time to acquire a connection out of what was booked as transmission. An attempt that never
    /// got a connection spent all of it on acquiring one.
    fn divide_transmit(&mut self) {
        let Some(exchange) = self.exchange.take() else {
            return;
        };
        let transmit = self.sample.phases[Phase::Transmit].saturating_sub(self.divided);
        let telemetry = exchange.telemetry.get();
        let acquired = telemetry.acquisition();
        let connect = match acquired {
            Some(acquired) => acquired.duration().unwrap_or_default(),
            None => exchange
                .connected
                .map_or(transmit, |at| at.saturating_duration_since(exchange.begun)),
        };
        let connect = connect.min(transmit);
        self.sample.phases[Phase::Connect] += connect;
        self.sample.phases[Phase::Transmit] -= connect;
        self.divided = self.sample.phases[Phase::Transmit];
        match acquired.map(ConnectionAcquisitionTelemetry::usage) {
            Some(ConnectionUsage::Fresh) => self.sample.connections.fresh += 1,
            Some(_) => self.sample.connections.reused += 1,
            None => (),
        }
    }

    /// The call as a sample, with how it ended.
    pub fn sample(self, outcome: Outcome, error: Option<String>) -> Sample {
        let whole = self.started.zip(self.ended);
        Sample {
            outcome,
            total: whole.map_or_else(
                || self.sample.phases.claimed(),
                |(start, end)| end.saturating_duration_since(start),
            ),
            error,
            ..self.sample
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::connection::ConnectionMetadata;

    use super::*;

    #[tokio::test]
    async fn phases_are_disjoint_and_the_rest_is_unexplained() {
        let ((), timeline) = observe(async {
            write(Timeline::start);
            write(|t| t.enter(Phase::Serialize));
            write(|t| t.begin_attempt(Phase::Endpoint));
            write(|t| t.enter(Phase::Signing));
            write(Timeline::end_attempt);
            write(Timeline::end);
        })
        .await;
        let sample = timeline.sample(Outcome::Ok, None);
        assert_eq!(sample.attempts, 1);
        assert!(sample.phases.claimed() <= sample.total);
        assert_eq!(
            sample.phases.claimed() + sample.phases.unexplained(sample.total),
            sample.total
        );
    }

    #[tokio::test]
    async fn a_wait_after_an_attempt_is_backoff_though_no_other_follows() {
        let pause = Duration::from_millis(5);
        let ((), timeline) = observe(async {
            write(Timeline::start);
            for _ in 0..2 {
                write(|t| t.begin_attempt(Phase::Endpoint));
                write(Timeline::end_attempt);
                tokio::time::sleep(pause).await;
            }
            write(Timeline::end);
        })
        .await;
        let sample = timeline.sample(Outcome::Timeout, None);
        assert!(sample.phases[Phase::Backoff] >= 2 * pause);
        assert_eq!(sample.attempts, 2);
    }

    const PAUSE: Duration = Duration::from_millis(2);

    /// An attempt that nobody answers, and that may get a connection in the middle.
    async fn unanswered(connects: bool) -> Sample {
        let ((), timeline) = observe(async {
            let connection = CaptureSmithyConnection::new();
            write(|t| t.begin_attempt(Phase::Endpoint));
            write(|t| t.transmit(CaptureHttpAttemptTelemetry::new(), connection.clone()));
            tokio::time::sleep(PAUSE).await;
            if connects {
                let made = ConnectionMetadata::builder().proxied(false);
                let made = made.poison_fn(|| ()).build();
                connection.set_connection_retriever(move || Some(made.clone()));
            }
            tokio::time::sleep(PAUSE).await;
            write(Timeline::end_attempt);
        })
        .await;
        timeline.sample(Outcome::Timeout, None)
    }

    #[tokio::test]
    async fn an_attempt_without_a_connection_was_all_connecting() {
        let sample = unanswered(false).await;
        assert!(sample.phases[Phase::Connect] >= 2 * PAUSE);
        assert_eq!(sample.phases[Phase::Transmit], Duration::ZERO);
    }

    #[tokio::test]
    async fn an_attempt_with_a_connection_and_no_answer_was_transmitting_from_then_on() {
        let sample = unanswered(true).await;
        assert!(sample.phases[Phase::Connect] >= PAUSE);
        assert!(sample.phases[Phase::Transmit] >= PAUSE);
    }

    #[test]
    fn hooks_outside_an_observed_call_do_nothing() {
        assert!(write(Timeline::start).is_none());
    }
}

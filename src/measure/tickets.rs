//! Hands out the calls of a run one by one: at once in a closed loop, at their time in an open one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Mutex, mpsc};

use super::distribution::Distribution;
use super::pacing::{Pacing, Rate};
use crate::clock;

/// Tickets that lie ready for a worker at most. When a target hangs, those after them are made as they are
/// asked for, so that memory does not grow with the time that it hangs.
const MOST_WAITING: usize = 1024;

/// The longest the pacer sleeps without looking whether the run was stopped.
const LONGEST_NAP: Duration = Duration::from_millis(50);

/// Leave to make one call.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    /// Counts up from 0 over the run.
    pub number: u64,
    /// When the call was to begin; in a closed loop that is now.
    pub planned: Instant,
}

/// How many calls a run may make, and until when.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub calls: u64,
    pub deadline: Option<Instant>,
}

impl Limit {
    fn is_over(self, now: Instant) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
    }
}

/// The source of tickets that a run's workers share.
pub struct Tickets {
    limit: Limit,
    source: Source,
    missed: Arc<AtomicU64>,
}

enum Source {
    /// A closed loop: the next number.
    AtOnce(AtomicU64),
    /// An open loop.
    Paced(Mutex<Paced>),
}

/// What a pacer has given out, and how late that was taken.
struct Paced {
    given: mpsc::Receiver<Given>,
    lag: Distribution,
}

/// A ticket as the pacer gives it out.
struct Given {
    ticket: Ticket,
    /// From when on it is the generator's fault that the call has not begun.
    due: Instant,
    sent: Instant,
}

impl Tickets {
    /// Tickets for `arms` arms. In an open loop the clock starts to run at `start`.
    pub fn new(pacing: Pacing, arms: usize, seed: u64, start: Instant, limit: Limit) -> Self {
        let missed = Arc::<AtomicU64>::default();
        let source = match pacing {
            Pacing::Closed { .. } => Source::AtOnce(AtomicU64::new(0)),
            Pacing::Open { rate, .. } => {
                let (give, given) = mpsc::channel(MOST_WAITING);
                let pacer = Pacer {
                    limit,
                    give,
                    missed: Arc::clone(&missed),
                };
                pacer.start(rate, arms, seed, start);
                let lag = Distribution::default();
                Source::Paced(Mutex::new(Paced { given, lag }))
            }
        };
        Self {
            limit,
            source,
            missed,
        }
    }

    /// Whether calls begin at planned times.
    pub fn are_paced(&self) -> bool {
        matches!(self.source, Source::Paced(_))
    }

    /// The next ticket, at its time; `None` when there are no more.
    pub async fn next(&self) -> Option<Ticket> {
        match &self.source {
            Source::AtOnce(next) => {
                let planned = clock::now();
                if self.limit.is_over(planned) {
                    return None;
                }
                let number = next.fetch_add(1, Ordering::Relaxed);
                (number < self.limit.calls).then_some(Ticket { number, planned })
            }
            Source::Paced(paced) => self.next_paced(&mut *paced.lock().await).await,
        }
    }

    async fn next_paced(&self, Paced { given, lag }: &mut Paced) -> Option<Ticket> {
        // A ticket that lies there already waited for a worker; one that is waited for shows by how much
        // the pacer, the runtime and the machine are late.
        let (next, begins) = match given.try_recv() {
            Ok(waiting) => {
                let sent = waiting.sent;
                (waiting, sent)
            }
            Err(_) => (given.recv().await?, clock::now()),
        };
        if self.limit.is_over(clock::now()) {
            let mut left = 1;
            while given.recv().await.is_some() {
                left += 1;
            }
            self.missed.fetch_add(left, Ordering::Relaxed);
            return None;
        }
        lag.record(begins.saturating_duration_since(next.due));
        Some(next.ticket)
    }

    /// How late calls began although a worker was waiting for them; `None` in a closed loop.
    pub async fn lag(&self) -> Option<Distribution> {
        match &self.source {
            Source::AtOnce(_) => None,
            Source::Paced(paced) => Some(paced.lock().await.lag.clone()),
        }
    }

    /// Calls that were planned before the deadline and that no worker was free to make by then.
    pub fn missed(&self) -> u64 {
        self.missed.load(Ordering::Relaxed)
    }
}

/// Gives out tickets at their time.
struct Pacer {
    limit: Limit,
    give: mpsc::Sender<Given>,
    missed: Arc<AtomicU64>,
}

impl Pacer {
    /// Starts on a thread of its own, because a thread's sleep is some ten times as punctual as an async
    /// runtime's timer, and does not depend on how busy the runtime is.
    fn start(self, rate: Rate, arms: usize, seed: u64, start: Instant) {
        tokio::task::spawn_blocking(move || {
            let starts = rate.starts(arms, seed).map(|offset| start + offset);
            let tickets = (0..self.limit.calls).zip(starts);
            self.give_out(tickets.map(|(number, planned)| Ticket { number, planned }));
        });
    }

    /// Gives out each ticket at its time, but waits where too many lie there already. What is planned before
    /// the deadline and could not be given out until then is missed.
    fn give_out(&self, tickets: impl Iterator<Item = Ticket>) {
        // When the pacer last had to wait for a worker: what was planned before that is late through no
        // fault of its own.
        let mut held_until: Option<Instant> = None;
        for ticket in tickets {
            let planned = ticket.planned;
            if self.limit.is_over(planned) || !self.sleep_until(planned) {
                return;
            }
            let sent = clock::now();
            if self.limit.is_over(sent) {
                self.missed.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let held = held_until.is_some_and(|until| planned < until);
            let due = if held { sent } else { planned };
            match self.give.try_send(Given { ticket, due, sent }) {
                Ok(()) => (),
                Err(TrySendError::Full(given)) => {
                    if self.give.blocking_send(given).is_err() {
                        return;
                    }
                    held_until = Some(clock::now());
                }
                Err(TrySendError::Closed(_)) => return,
            }
        }
    }

    /// Sleeps until `time`; false when nobody takes tickets any more.
    fn sleep_until(&self, time: Instant) -> bool {
        while !self.give.is_closed() {
            let left = time.saturating_duration_since(clock::now());
            if left.is_zero() {
                return true;
            }
            std::thread::sleep(left.min(LONGEST_NAP));
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Arrivals;

    #[tokio::test]
    async fn only_so_many_tickets_wait_for_a_target_that_hangs_and_none_is_lost() {
        let limit = Limit {
            calls: 10 * MOST_WAITING as u64,
            deadline: None,
        };
        let rate = Rate {
            per_s: 1e6,
            arrivals: Arrivals::Constant,
        };
        let pacing = Pacing::Open {
            rate,
            most_in_flight: 1,
        };
        let tickets = Tickets::new(pacing, 1, 1, clock::now(), limit);
        // By then all of them are due.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let Source::Paced(paced) = &tickets.source else {
            panic!("an open loop");
        };
        for number in 0..limit.calls {
            assert!(paced.lock().await.given.len() <= MOST_WAITING);
            assert_eq!(tickets.next().await.expect("a ticket").number, number);
        }
        assert!(tickets.next().await.is_none());
    }
}

//! Hands out the calls of a run one by one: at once in a closed loop, at their time in an open one.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Mutex, mpsc};

use super::distribution::Distribution;
use super::pacing::{Pacing, Rate};
use crate::clock;

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

/// The source of tickets that a run's workers share.
pub enum Tickets {
    Closed { next: AtomicU64, limit: Limit },
    Open(OpenTickets),
}

/// Tickets that a pacer gives out at their time.
pub struct OpenTickets {
    given: Mutex<mpsc::UnboundedReceiver<(Ticket, Instant)>>,
    limit: Limit,
    lag: StdMutex<Distribution>,
    missed: AtomicU64,
    ended: Arc<AtomicBool>,
}

impl Tickets {
    /// Tickets for `arms` arms. In an open loop the clock starts to run at `start`.
    pub fn new(pacing: Pacing, arms: usize, seed: u64, start: Instant, limit: Limit) -> Self {
        match pacing {
            Pacing::Closed { .. } => Self::Closed {
                next: AtomicU64::new(0),
                limit,
            },
            Pacing::Open { rate, .. } => {
                Self::Open(OpenTickets::paced(rate, arms, seed, start, limit))
            }
        }
    }

    /// The next ticket, at its time; `None` when there are no more.
    pub async fn next(&self) -> Option<Ticket> {
        match self {
            Self::Closed { next, limit } => {
                let planned = clock::now();
                if limit.deadline.is_some_and(|deadline| planned >= deadline) {
                    return None;
                }
                let number = next.fetch_add(1, Ordering::Relaxed);
                (number < limit.calls).then_some(Ticket { number, planned })
            }
            Self::Open(tickets) => tickets.next().await,
        }
    }

    /// How late calls began although a worker was waiting for them; `None` in a closed loop.
    pub fn lag(&self) -> Option<Distribution> {
        match self {
            Self::Closed { .. } => None,
            Self::Open(tickets) => Some(lock(&tickets.lag).clone()),
        }
    }

    /// Calls that were planned before the deadline and that no worker was free to make by then.
    pub fn missed(&self) -> u64 {
        match self {
            Self::Closed { .. } => 0,
            Self::Open(tickets) => tickets.missed.load(Ordering::Relaxed),
        }
    }
}

impl OpenTickets {
    /// Starts the pacer: a thread of its own, because a thread's sleep is some ten times as punctual as an
    /// async runtime's timer, and does not depend on how busy the runtime is.
    fn paced(rate: Rate, arms: usize, seed: u64, start: Instant, limit: Limit) -> Self {
        let (give, given) = mpsc::unbounded_channel();
        let ended = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&ended);
        tokio::task::spawn_blocking(move || {
            let starts = rate.starts(arms, seed).map(|offset| start + offset);
            for (number, planned) in (0..limit.calls).zip(starts) {
                if limit.deadline.is_some_and(|deadline| planned >= deadline)
                    || !sleep_until(planned, &stop)
                {
                    return;
                }
                let ticket = Ticket { number, planned };
                if give.send((ticket, clock::now())).is_err() {
                    return;
                }
            }
        });
        Self {
            given: Mutex::new(given),
            limit,
            lag: StdMutex::default(),
            missed: AtomicU64::new(0),
            ended,
        }
    }

    async fn next(&self) -> Option<Ticket> {
        let mut given = self.given.lock().await;
        // A ticket that lies there already waited for a worker; one that is waited for shows by how much
        // the pacer, the runtime and the machine are late.
        let (ticket, begins) = match given.try_recv() {
            Ok(waiting) => waiting,
            Err(_) => given
                .recv()
                .await
                .map(|(ticket, _)| (ticket, clock::now()))?,
        };
        if self
            .limit
            .deadline
            .is_some_and(|deadline| clock::now() >= deadline)
        {
            let mut left = 1;
            while given.recv().await.is_some() {
                left += 1;
            }
            self.missed.fetch_add(left, Ordering::Relaxed);
            return None;
        }
        lock(&self.lag).record(begins.saturating_duration_since(ticket.planned));
        Some(ticket)
    }
}

impl Drop for OpenTickets {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
    }
}

/// Sleeps until `time`; false when the run has ended meanwhile.
fn sleep_until(time: Instant, ended: &AtomicBool) -> bool {
    loop {
        if ended.load(Ordering::Relaxed) {
            return false;
        }
        let left = time.saturating_duration_since(clock::now());
        if left.is_zero() {
            return true;
        }
        std::thread::sleep(left.min(LONGEST_NAP));
    }
}

fn lock(lag: &StdMutex<Distribution>) -> std::sync::MutexGuard<'_, Distribution> {
    lag.lock().unwrap_or_else(PoisonError::into_inner)
}

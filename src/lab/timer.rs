//! Waiting with a resolution below tokio's millisecond.
//!
//! A scenario may ask for `delay = "600us"`, and tokio's timer rounds up to whole milliseconds. One
//! thread keeps the pending wake-ups in order and parks on a condition variable until the nearest
//! is due: the error is that of the kernel's own timer (tens of microseconds), and nothing spins.
//! It knows nothing of requests or rules.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::clock;

/// Wake-ups by their time. Dropping one wakes its sleeper.
#[derive(Default)]
struct Pending {
    alarms: BTreeMap<Instant, Vec<oneshot::Sender<()>>>,
    closed: bool,
}

impl Pending {
    fn nearest(&self) -> Option<Instant> {
        self.alarms.keys().next().copied()
    }
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The wake-up thread. Dropping it ends the thread and wakes every sleeper at once.
pub(super) struct PreciseTimer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl PreciseTimer {
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("lab-timer".into())
            .spawn(move || ring_until_closed(&theirs))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Returns at `due`, or at once when that has passed.
    pub(super) async fn until(&self, due: Instant) {
        if due <= clock::now() {
            return;
        }
        let (wake, woken) = oneshot::channel();
        {
            let mut pending = self.shared.lock();
            let nearest = pending.nearest();
            pending.alarms.entry(due).or_default().push(wake);
            if nearest.is_none_or(|nearest| due < nearest) {
                self.shared.changed.notify_one();
            }
        }
        // Nothing is ever sent: the sleep is over when the other end is dropped, at `due` or as the lab stops.
        let _ = woken.await;
    }
}

impl Drop for PreciseTimer {
    fn drop(&mut self) {
        self.shared.lock().closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn ring_until_closed(shared: &Shared) {
    let mut pending = shared.lock();
    while !pending.closed {
        let now = clock::now();
        while pending.nearest().is_some_and(|due| due <= now) {
            pending.alarms.pop_first();
        }
        let left = match pending.nearest() {
            Some(due) => due.saturating_duration_since(clock::now()),
            None => Duration::MAX,
        };
        let waited = shared.changed.wait_timeout(pending, left);
        (pending, _) = waited.unwrap_or_else(PoisonError::into_inner);
    }
    pending.alarms.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn wakes_in_order_and_never_early() {
        let timer = PreciseTimer::start().unwrap();
        let start = clock::now();
        let (long, short) = (Duration::from_micros(2500), Duration::from_micros(600));
        let first = async {
            timer.until(start + long).await;
            clock::since(start)
        };
        let second = async {
            timer.until(start + short).await;
            clock::since(start)
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first >= long, "{first:?}");
        assert!(second >= short, "{second:?}");
        assert!(second < first);
    }

    #[tokio::test]
    async fn dropping_it_wakes_whoever_sleeps() {
        let timer = PreciseTimer::start().unwrap();
        let (wake, woken) = oneshot::channel();
        let due = clock::now() + Duration::from_hours(1);
        timer.shared.lock().alarms.insert(due, vec![wake]);
        drop(timer);
        assert!(woken.await.is_err());
    }
}

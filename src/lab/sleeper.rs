//! Waiting with a resolution below tokio's millisecond.
//!
//! A scenario may ask for `delay = "600us"`, and tokio's timer rounds up to whole milliseconds. One
//! thread keeps the pending wake-ups in a heap and parks on a condition variable until the nearest
//! is due: the error is that of the kernel's own timer (tens of microseconds), and nothing spins.
//! It knows nothing of requests or rules.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::clock;

/// One wake-up. The serial makes the order total and first-come-first-served for equal times.
struct Alarm {
    due: Instant,
    serial: u64,
    wake: oneshot::Sender<()>,
}

impl PartialEq for Alarm {
    fn eq(&self, other: &Self) -> bool {
        self.serial == other.serial
    }
}

impl Eq for Alarm {}

impl PartialOrd for Alarm {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Alarm {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.serial).cmp(&(other.due, other.serial))
    }
}

#[derive(Default)]
struct Pending {
    alarms: BinaryHeap<Reverse<Alarm>>,
    next_serial: u64,
    closed: bool,
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
pub(super) struct Sleeper {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Sleeper {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("lab-sleeper".into())
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
            let serial = pending.next_serial;
            pending.next_serial += 1;
            let nearest = pending.alarms.peek().map(|Reverse(alarm)| alarm.due);
            pending.alarms.push(Reverse(Alarm { due, serial, wake }));
            if nearest.is_none_or(|nearest| due < nearest) {
                self.shared.changed.notify_one();
            }
        }
        // An error means that the lab is stopping: the sleep is over either way.
        let _ = woken.await;
    }
}

impl Drop for Sleeper {
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
        while let Some(Reverse(alarm)) = pending.alarms.peek() {
            if alarm.due > now {
                break;
            }
            if let Some(Reverse(alarm)) = pending.alarms.pop() {
                // The sleeper may have been dropped with its request.
                let _ = alarm.wake.send(());
            }
        }
        let nearest = pending.alarms.peek().map(|Reverse(alarm)| alarm.due);
        pending = match nearest {
            None => shared
                .changed
                .wait(pending)
                .unwrap_or_else(PoisonError::into_inner),
            Some(due) => {
                let left = due.saturating_duration_since(clock::now());
                shared
                    .changed
                    .wait_timeout(pending, left)
                    .unwrap_or_else(PoisonError::into_inner)
                    .0
            }
        };
    }
    pending.alarms.clear();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn wakes_in_order_and_never_early() {
        let sleeper = Sleeper::start().unwrap();
        let start = clock::now();
        let (long, short) = (Duration::from_micros(2500), Duration::from_micros(600));
        let first = async {
            sleeper.until(start + long).await;
            clock::since(start)
        };
        let second = async {
            sleeper.until(start + short).await;
            clock::since(start)
        };
        let (first, second) = tokio::join!(first, second);
        assert!(first >= long, "{first:?}");
        assert!(second >= short, "{second:?}");
        assert!(second < first);
    }

    #[tokio::test]
    async fn dropping_it_wakes_whoever_sleeps() {
        let sleeper = Sleeper::start().unwrap();
        let (wake, woken) = oneshot::channel();
        sleeper.shared.lock().alarms.push(Reverse(Alarm {
            due: clock::now() + Duration::from_hours(1),
            serial: 0,
            wake,
        }));
        drop(sleeper);
        assert!(woken.await.is_err());
    }
}

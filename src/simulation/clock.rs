//! Wall-clock time on a runtime whose clock is paused: it moves only from one timer to the next.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use tokio::time::Instant;

/// The start of every simulation: a round moment, the same in every run.
pub(super) const START: SystemTime = SystemTime::UNIX_EPOCH;

/// The clock of one simulation. Copies tell the same time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock(Instant);

impl Clock {
    /// A clock that stands at [`START`] now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since [`START`].
    pub fn elapsed(self) -> Duration {
        self.0.elapsed()
    }

    /// Completes `at` after [`START`].
    pub async fn reach(self, at: Duration) {
        tokio::time::sleep_until(self.0 + at).await;
    }
}

impl TimeSource for Clock {
    fn now(&self) -> SystemTime {
        START + self.elapsed()
    }
}

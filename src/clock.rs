//! The one place that reads a clock.
//!
//! Latencies come from the monotonic clock. Where the SDK or a document needs wall-clock time, it is
//! the wall clock as read once at the start of the process, advanced by the monotonic clock: an NTP
//! step in the middle of a run can then neither shorten nor lengthen anything that is measured.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime};

/// A point on the monotonic clock.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// Wall-clock time that advances with the monotonic clock.
#[must_use]
pub fn wall() -> SystemTime {
    static ANCHOR: OnceLock<(Instant, SystemTime)> = OnceLock::new();
    let (instant, system) = ANCHOR.get_or_init(|| (Instant::now(), SystemTime::now()));
    *system + instant.elapsed()
}

/// Time passed since `start`, on the monotonic clock.
#[must_use]
pub fn since(start: Instant) -> Duration {
    now().saturating_duration_since(start)
}

/// [`wall`] as the SDK's time source: the SDK's own interval telemetry becomes monotonic with it.
#[cfg(feature = "cli")]
#[derive(Clone, Copy, Debug, Default)]
pub struct Monotonic;

#[cfg(feature = "cli")]
impl aws_smithy_async::time::TimeSource for Monotonic {
    fn now(&self) -> SystemTime {
        wall()
    }
}

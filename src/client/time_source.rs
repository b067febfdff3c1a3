//! The time that the SDK's clients are given.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::SystemTime;

use aws_smithy_async::time::TimeSource;

use crate::clock::Moment;

/// The time of day, advancing with the monotonic clock from an anchor that all clients share. The SDK has one
/// source of time for its signatures, which must follow the wall clock, and for the intervals of its telemetry,
/// which must not: by those, an attempt's connection is told apart from its transmission.
#[derive(Clone, Copy, Debug, Default)]
pub struct SteadyTime;

impl TimeSource for SteadyTime {
    fn now(&self) -> SystemTime {
        static ANCHOR: LazyLock<Mutex<Moment>> = LazyLock::new(|| Mutex::new(Moment::now()));
        let mut anchor = ANCHOR.lock().unwrap_or_else(PoisonError::into_inner);
        anchor.advance(Moment::now())
    }
}

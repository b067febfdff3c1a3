//! What a strategy is handed: the clock, the timer, and how it is tuned.

use std::time::Duration;

use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};

use crate::strategies::windows::Windows;

/// What every strategy can be told. The default is right for a long-lived process; other values are for
/// tests, for a virtual clock, and for sources slower than usual.
#[derive(Clone, Debug)]
pub struct Options {
    /// Replaces the windows that follow from how long the credentials are valid.
    pub windows: Option<Windows>,
    /// Bounds one fetch, whatever the source does. 30 s: longer than the SDK's own providers try.
    pub fetch_timeout: Duration,
    /// How long a call waits for others once the service has refused the held credentials; then it is made with
    /// those. 10 s. Calls that have a time limit of their own wait no longer than that.
    pub patience: Duration,
    /// Wall-clock time, which expiries are compared with.
    pub time_source: SharedTimeSource,
    pub sleep: SharedAsyncSleep,
    /// Makes what is left to chance the same in every run; at random where there is none.
    pub seed: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            windows: None,
            fetch_timeout: Duration::from_secs(30),
            patience: Duration::from_secs(10),
            time_source: SharedTimeSource::new(SystemTimeSource::new()),
            sleep: SharedAsyncSleep::new(TokioSleep::new()),
            seed: None,
        }
    }
}

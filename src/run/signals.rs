//! Interrupts: the first one ends a run with what was measured so far, the second one ends the program at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::credentials::end_processes;
use crate::measure::Stop;

/// SIGINT and SIGTERM, from when this value is made on: they no longer end the process by themselves.
pub struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Default for Signals {
    fn default() -> Self {
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }
}

impl Signals {
    /// Completes with the next of either, and with its kind.
    pub async fn next(&mut self) -> SignalKind {
        // Without handlers the signals end the process by themselves.
        let of = async |signal: &mut Option<Signal>| match signal {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        };
        tokio::select! {
            _ = of(&mut self.interrupt) => SignalKind::interrupt(),
            _ = of(&mut self.terminate) => SignalKind::terminate(),
        }
    }
}

static TWICE: Notify = Notify::const_new();

/// Stops the run at the first signal; the second one completes [`interrupted_twice`].
pub fn stop_on_signal(stop: Stop) {
    // From here on, not from when the task first runs.
    let mut signals = Signals::default();
    tokio::spawn(async move {
        signals.next().await;
        stop.stop();
        signals.next().await;
        TWICE.notify_one();
    });
}

/// Ends what must not outlive the program, however it ends.
pub fn leave() {
    end_processes();
}

/// Completes when a run that was already stopped is interrupted once more.
pub fn interrupted_twice() -> impl Future<Output = ()> {
    TWICE.notified()
}

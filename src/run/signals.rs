//! Interrupts: the first one ends a run with what was measured so far, the second one ends the program at once.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use crate::credentials::end_processes;
use crate::measure::Stop;

/// SIGINT, SIGTERM and SIGHUP, from when this value is made on: they no longer end the process by themselves.
pub struct Signals {
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
    /// The terminal is gone, which is a reason to end like any other.
    hangup: Option<Signal>,
}

impl Default for Signals {
    fn default() -> Self {
        // Under `nohup` it is ignored, and to listen for it would end that.
        let outlives_terminal = ignores_hangups();
        Self {
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
            hangup: (!outlives_terminal)
                .then(|| signal(SignalKind::hangup()).ok())
                .flatten(),
        }
    }
}

impl Signals {
    /// Completes with the next of them, and with its kind: a hang-up is a termination.
    pub async fn next(&mut self) -> SignalKind {
        // Without handlers the signals end the process by themselves.
        let of = async |signal: &mut Option<Signal>| match signal {
            Some(signal) => signal.recv().await,
            None => std::future::pending().await,
        };
        tokio::select! {
            _ = of(&mut self.interrupt) => SignalKind::interrupt(),
            _ = of(&mut self.terminate) => SignalKind::terminate(),
            _ = of(&mut self.hangup) => SignalKind::terminate(),
        }
    }
}

/// Whether this process was started to outlive its terminal.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
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

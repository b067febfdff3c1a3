//! Who may be on the machine with whom.
//!
//! A test says with its first line which kind it is. One that *measures*, whose figures a busy machine would
//! spoil, holds [`alone`]: ratios of times, quantiles, rates, a verdict between two arms, what the doctor finds
//! within its second or two. Every other holds [`beside_others`]: it mostly waits, and asserts counts, words, or bounds that hold on any machine. What a
//! test installs, it installs before.
//!
//! Those beside one another come first; then those that measure, one after another. So nobody waits for a long one
//! only to keep others waiting. It takes a thread for each test: `.cargo/config.toml` gives as many. With
//! fewer it takes longer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// As many tests go on side by side. Each has a lab, a tool and often another program, all of which take
/// seconds of one CPU to start.
const SEATS: usize = 8;

struct Machine {
    /// Tests that are to be beside others, and still wait for a seat.
    waiting: usize,
    seated: usize,
    /// Beside others as well, but on no seat.
    standing: usize,
    measuring: bool,
}

static MACHINE: Mutex<Machine> = Mutex::new(Machine {
    waiting: 0,
    seated: 0,
    standing: 0,
    measuring: false,
});
static CHANGED: Condvar = Condvar::new();

fn machine() -> MutexGuard<'static, Machine> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the machine is ready, and changes it.
fn change(ready: impl Fn(&Machine) -> bool, change: impl FnOnce(&mut Machine)) {
    let waited = CHANGED.wait_while(machine(), |machine| !ready(machine));
    change(&mut waited.unwrap_or_else(PoisonError::into_inner));
    CHANGED.notify_all();
}

/// A place on the machine, until the value goes.
#[must_use]
pub struct Seat {
    leave: fn(&mut Machine),
}

/// Runs beside other tests, but not beside one that is [`alone`].
pub fn beside_others() -> Seat {
    machine().waiting += 1;
    change(
        |machine| machine.seated < SEATS && !machine.measuring,
        |machine| {
            machine.waiting -= 1;
            machine.seated += 1;
        },
    );
    Seat {
        leave: |machine| machine.seated -= 1,
    }
}

/// The same for a test that waits for most of a minute: it begins at once, or the last one to begin would keep
/// all those that measure waiting.
pub fn beside_others_for_long() -> Seat {
    change(
        |machine| !machine.measuring,
        |machine| machine.standing += 1,
    );
    Seat {
        leave: |machine| machine.standing -= 1,
    }
}

/// Keeps every other test off the machine: for tests that measure.
pub fn alone() -> Seat {
    change(
        |machine| machine.waiting + machine.seated + machine.standing == 0 && !machine.measuring,
        |machine| machine.measuring = true,
    );
    Seat {
        leave: |machine| machine.measuring = false,
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        change(|_| true, self.leave);
    }
}

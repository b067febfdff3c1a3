//! What is secret in this process.

use std::sync::{LazyLock, Mutex, PoisonError};

use super::given;
use super::secrets::Secrets;

/// Of secrets that are fetched, the newest are remembered: those that a text of now may quote.
const MOST_FETCHED: usize = 2048;

/// What this process was given, for good, and what it has fetched.
#[derive(Default)]
pub(super) struct Known {
    pub given: Secrets,
    pub fetched: Secrets,
}

static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(|| {
    let mut known = Known::default();
    given::of_this_process(|secret| known.given.add(secret));
    Mutex::new(known)
});

/// Takes note of a secret that was fetched.
pub fn learn(secret: &str) {
    with_known(|known| {
        known.fetched.add(secret);
        known.fetched.forget_all_but(MOST_FETCHED);
    });
}

/// Takes note of what is secret in variables that a client is given; it stays so.
pub fn learn_given<'a>(variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
    with_known(|known| {
        for (name, value) in variables {
            given::of_variable(name, value, &mut |secret| known.given.add(secret));
        }
    });
}

pub(super) fn with_known<T>(work: impl FnOnce(&mut Known) -> T) -> T {
    // Whatever panicked while it held the lock has left whole entries.
    work(&mut KNOWN.lock().unwrap_or_else(PoisonError::into_inner))
}

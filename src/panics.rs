//! What a panic costs: the one call that it happened in, and no more than a line on standard error.

use std::future::Future;
use std::io::{self, Write};
use std::panic::{self, AssertUnwindSafe};

use futures_util::FutureExt;

tokio::task_local! {
    static CATCHING: ();
}

/// Code that was called gave up on what it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the SDK panicked over what it was answered")]
pub struct Panicked;

/// Runs `work` to what it ends with. If it panics, the result alone tells.
///
/// # Errors
///
/// If it panicked.
pub async fn caught<F: Future>(work: F) -> Result<F::Output, Panicked> {
    let work = AssertUnwindSafe(work).catch_unwind();
    CATCHING.scope((), work).await.map_err(|_| Panicked)
}

/// From now on a panic says where it happened, and no more: its message may quote what nobody should see. One that
/// is caught says nothing.
pub fn tell_in_one_line() {
    panic::set_hook(Box::new(|panic| {
        if CATCHING.try_with(|()| ()).is_ok() {
            return;
        }
        let place = panic.location().map(ToString::to_string);
        let place = place.unwrap_or_else(|| "an unknown place".to_owned());
        let text = format!(
            "error: the program failed at {place}\nhint: the fault is its own: report this line, and the command\n"
        );
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_costs_the_work_alone() {
        let panicking = async { panic!("over what it was given") };
        assert_eq!(caught(panicking).await.err(), Some(Panicked));
        assert_eq!(caught(async { 1 }).await, Ok(1));
        assert!(CATCHING.try_with(|()| ()).is_err());
    }
}

//! Progress of calls that are made elsewhere, told one by one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use crate::clock;
use crate::report::Progress;

/// Progress towards a number of calls.
pub struct Steps {
    progress: Progress,
    label: String,
    total: u64,
    done: AtomicU64,
    started: Instant,
}

impl Steps {
    pub fn new(progress: Progress, label: &str, total: u64) -> Self {
        Self {
            progress,
            label: label.to_owned(),
            total,
            done: AtomicU64::new(0),
            started: clock::now(),
        }
    }

    /// One more call was made.
    pub fn step(&self) {
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        let elapsed = clock::since(self.started);
        self.progress
            .update(done, Some(self.total), elapsed, &self.label);
    }
}

//! What a run says on stderr while it goes on.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use super::options::OutputOptions;
use crate::clock;
use crate::render::{self, Progress};

/// How much is said.
#[derive(Clone, Copy, Debug)]
pub struct Console {
    quiet: bool,
    verbose: bool,
}

impl From<&OutputOptions> for Console {
    fn from(options: &OutputOptions) -> Self {
        Self {
            quiet: options.quiet,
            verbose: options.verbose,
        }
    }
}

impl Console {
    /// Something worth knowing while the command runs.
    pub fn note(self, text: &str) {
        if !self.quiet {
            render::note(text);
        }
    }

    /// What is being done, for those who asked.
    pub fn detail(self, text: impl FnOnce() -> String) {
        if self.verbose {
            render::note(&text());
        }
    }

    /// A line that is drawn over and over while `label` is measured; only on a terminal.
    #[must_use]
    pub fn progress(self, label: &str) -> Progress {
        self.detail(|| format!("measuring {label}"));
        Progress::new(!self.quiet && std::io::stderr().is_terminal())
    }

    /// Progress towards `total` calls that are made elsewhere and told one by one.
    #[must_use]
    pub fn counter(self, total: u64, label: &str) -> Counter {
        Counter {
            progress: self.progress(label),
            label: label.to_owned(),
            total,
            done: AtomicU64::new(0),
            started: clock::now(),
        }
    }
}

/// Progress towards a number of calls.
pub struct Counter {
    progress: Progress,
    label: String,
    total: u64,
    done: AtomicU64,
    started: Instant,
}

impl Counter {
    /// One more call was made.
    pub fn count(&self) {
        let done = 1 + self.done.fetch_add(1, Ordering::Relaxed);
        let elapsed = clock::since(self.started);
        self.progress
            .update(done, Some(self.total), elapsed, &self.label);
    }
}

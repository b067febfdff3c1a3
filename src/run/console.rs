//! What a run says on stderr while it goes on.

use std::io::IsTerminal;
use std::time::Duration;

use super::options::OutputOptions;
use crate::clock;
use crate::render::{self, Progress};

/// Between two redraws of the progress.
const TICK: Duration = Duration::from_millis(100);

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
    fn progress(self, label: &str) -> Progress {
        self.detail(|| format!("measuring {label}"));
        Progress::new(!self.quiet && std::io::stderr().is_terminal())
    }

    /// Awaits what `label` names, and shows meanwhile how much of it is done, and how much there is to do.
    pub async fn watched<F: Future>(
        self,
        label: &str,
        work: F,
        done: impl Fn() -> (u64, Option<u64>),
    ) -> F::Output {
        let mut progress = self.progress(label);
        let start = clock::now();
        let mut ticks = tokio::time::interval(TICK);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                output = &mut work => break output,
                _ = ticks.tick() => {
                    let (done, total) = done();
                    progress.update(done, total, clock::since(start), label);
                }
            }
        }
    }
}

//! What a run says on stderr while it goes on.

use std::io::IsTerminal;
use std::time::Duration;

use clap::Args;

use crate::clock;
use crate::render::{self, Progress};

/// Between two redraws of the progress.
const TICK: Duration = Duration::from_millis(100);

/// How much is said.
#[derive(Args, Clone, Copy, Debug, Default)]
pub struct Console {
    /// No progress and no notes on stderr
    #[arg(short, long, hide_short_help = true)]
    pub quiet: bool,

    /// Say on stderr what is being done
    #[arg(short, long, conflicts_with = "quiet", hide_short_help = true)]
    pub verbose: bool,
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

    /// Awaits what `label` names, and shows meanwhile on a terminal how much of it is done, and how much there is
    /// to do.
    pub async fn watched<F: Future>(
        self,
        label: &str,
        work: F,
        done: impl Fn() -> (u64, Option<u64>),
    ) -> F::Output {
        self.detail(|| format!("measuring {label}"));
        let mut progress = Progress::new(!self.quiet && std::io::stderr().is_terminal());
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

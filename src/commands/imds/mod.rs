//! `imds`: cold credential fetches by more and more workers ([`ladder`]), the rate at which they begin to fail
//! ([`knee`]), and what worker processes ask of the source with and without a cache ([`compare_cache`]).

mod arguments;
mod cache_findings;
mod compare_cache;
mod diagnosed;
mod fetch;
mod knee;
mod ladder;
mod message;
mod pressure;
mod steps;
pub mod worker;
mod workers;

pub use arguments::ImdsArgs;

use super::command::{Command, Running};
use crate::run::{CheckOptions, OutputOptions};

impl Command for ImdsArgs {
    fn output(&self) -> OutputOptions {
        self.output.clone()
    }

    fn checks(&self) -> CheckOptions {
        self.checks.clone()
    }

    fn run(self: Box<Self>) -> Running {
        Box::pin(async move {
            if self.cache.compare_cache {
                compare_cache::run(*self).await
            } else {
                ladder::run(&self).await
            }
        })
    }
}

//! `imds`: cold credential fetches by more and more workers ([`ladder`]), the rate at which they begin to fail
//! ([`knee`]), and what worker processes ask of the source with and without a cache ([`compare_cache`]).

mod arguments;
mod bracket;
mod compare_cache;
mod fetch;
mod knee;
mod ladder;
mod pressure;
mod step;
mod told;
mod usable;
pub mod worker;
mod workers;

pub use arguments::ImdsArgs;

use super::command::{Command, Kind};

impl From<ImdsArgs> for Command {
    fn from(args: ImdsArgs) -> Self {
        let (output, checks) = (args.output.clone(), args.checks.clone());
        let kind = Kind::Latencies;
        if args.compare_cache {
            Self::new(kind, output, checks, compare_cache::run(args))
        } else {
            Self::new(kind, output, checks, ladder::run(args))
        }
    }
}

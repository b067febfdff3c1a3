//! `refresh`: what an expiry does to calls, by who renews the credentials.

mod arguments;
mod arm;
mod live;
mod renewals;
mod simulated;

pub use arguments::RefreshArgs;

use super::command::{Command, Kind};
use crate::run::MeasuringOptions;

impl From<RefreshArgs> for Command {
    fn from(args: RefreshArgs) -> Self {
        let MeasuringOptions { output, checks, .. } = args.options.clone();
        match args.simulation.simulate {
            Some(duration) => {
                let run = simulated::run(args, duration);
                Self::new(Kind::Counts, output, checks, run)
            }
            None => Self::new(Kind::Latencies, output, checks, live::run(args)),
        }
    }
}

//! `report`: a stored run rendered again.

use std::path::PathBuf;

use clap::Args;

use super::command::{Command, Completed, Kind};
use super::compare::read;
use crate::run::{CheckOptions, OutputOptions};

/// Render a stored run again, in any format
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// A run written with --format json; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl From<ReportArgs> for Command {
    fn from(args: ReportArgs) -> Self {
        let run = async move { Ok(Completed::document(read(&args.file)?)) };
        Self::new(Kind::Latencies, args.output, args.checks, run)
    }
}

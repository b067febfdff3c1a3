//! `report`: a stored run rendered again.

use std::path::PathBuf;

use clap::Args;

use super::command::{Command, Completed, Kind, Running};
use super::compare::read;
use crate::exit::Exit;
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

impl Command for ReportArgs {
    fn output(&self) -> OutputOptions {
        self.output.clone()
    }

    fn checks(&self) -> CheckOptions {
        self.checks.clone()
    }

    fn kind(&self) -> Kind {
        Kind::Stored
    }

    fn run(self: Box<Self>) -> Running {
        Box::pin(async move { Ok(Completed::document(read(&self.file)?, Exit::Measured)) })
    }
}

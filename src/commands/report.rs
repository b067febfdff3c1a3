//! `report`: a stored run rendered again.

use std::path::PathBuf;

use clap::Args;

use super::Report;
use super::failure::Failure;
use super::options::{CheckOptions, OutputOptions};
use super::session::require_writable;
use crate::exit::Exit;

/// Render a stored run again, in any format
#[derive(Args, Clone, Debug)]
pub struct ReportArgs {
    /// A run written with --format json; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

/// Reads the document.
pub fn run(args: &ReportArgs) -> Result<Report, Failure> {
    if let Some(path) = &args.output.output {
        require_writable(path)?;
    }
    let document = super::compare::read(&args.file)?;
    args.checks.meant_for(&document)?;
    Ok(Report::Stored(Box::new(document), Exit::Measured))
}

//! `report`: a stored run rendered again.

use std::path::{Path, PathBuf};

use clap::Args;

use super::command::{Command, Completed, Kind};
use super::compare::read;
use super::last;
use crate::document::Document;
use crate::run::{CheckOptions, Failure, OutputOptions};

/// What most people want.
const EXAMPLES: &str = "\
Examples:
  awscreds-bench report last --details                         all of the latest result
  awscreds-bench report last --format html --output run.html   with pictures
  awscreds-bench report run.json";

/// Render a stored run again, in any format
#[derive(Args, Clone, Debug)]
#[command(before_help = EXAMPLES)]
pub struct ReportArgs {
    /// A run written with --format json; `last` for the latest one, - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    #[command(flatten)]
    checks: CheckOptions,
    #[command(flatten)]
    output: OutputOptions,
}

impl From<ReportArgs> for Command {
    fn from(args: ReportArgs) -> Self {
        let run = async move { Ok(Completed::stored(stored(&args.file)?, args.file)) };
        Self::new(Kind::Latencies, args.output, args.checks, run)
    }
}

fn stored(file: &Path) -> Result<Document, Failure> {
    if file != Path::new(last::NAME) {
        return read(file);
    }
    let kept = last::path().filter(|path| path.exists());
    let kept = kept.ok_or_else(|| {
        Failure::new(
            anyhow::anyhow!("no result has been kept yet"),
            "measure first; results are kept under $XDG_STATE_HOME, or ~/.local/state, where that can be written to",
        )
    })?;
    read(&kept)
}

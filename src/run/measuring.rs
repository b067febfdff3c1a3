//! The options that commands have in common which time calls.

use clap::Args;

use super::failure::Failure;
use super::options::{CheckOptions, LoadOptions, OutputOptions, PacingOptions, TargetOptions};
use super::session::Session;
use crate::credentials::Source;
use crate::measure::Plan;

/// What commands that time calls have in common.
#[derive(Args, Clone, Debug)]
pub struct MeasuringOptions {
    #[command(flatten)]
    pub load: LoadOptions,
    #[command(flatten)]
    pub pacing: PacingOptions,
    #[command(flatten)]
    pub target: TargetOptions,
    #[command(flatten)]
    pub checks: CheckOptions,
    #[command(flatten)]
    pub output: OutputOptions,
}

impl MeasuringOptions {
    /// Begins the run of a command, with whatever credentials the SDK finds unless the user names a source.
    ///
    /// # Errors
    ///
    /// As [`Session::begin`].
    pub async fn begin(&self, command: &'static str) -> Result<Session, Failure> {
        Session::begin(command, &self.target, &self.output, self.source()).await
    }

    /// Where credentials come from.
    #[must_use]
    pub fn source(&self) -> Source {
        self.target.source.unwrap_or(Source::Chain)
    }

    /// The plan that the options describe.
    #[must_use]
    pub fn plan(&self) -> Plan {
        self.load.plan(&self.pacing)
    }
}

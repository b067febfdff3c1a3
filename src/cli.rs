//! The command line as typed.

use clap::{Parser, Subcommand};

use crate::commands::Command;
use crate::commands::cloudmap::CloudmapArgs;
use crate::commands::compare::CompareArgs;
use crate::commands::credential_process::CredentialProcessArgs;
use crate::commands::doctor::DoctorArgs;
use crate::commands::imds::ImdsArgs;
use crate::commands::imds::worker::WorkerArgs;
use crate::commands::lab::LabArgs;
use crate::commands::refresh::RefreshArgs;
use crate::commands::report::ReportArgs;
use crate::commands::s3::S3Args;
use crate::commands::sign::SignArgs;
use crate::commands::sts::StsArgs;

/// Where the time of an AWS call goes: credentials, signing and transmission timed apart.
///
/// Start with `awscreds-bench sts --regional --lab`: it needs no AWS account.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand, Debug)]
enum Subcommands {
    Sts(StsArgs),
    Imds(ImdsArgs),
    S3(S3Args),
    Cloudmap(CloudmapArgs),
    Refresh(RefreshArgs),
    Sign(SignArgs),
    Doctor(DoctorArgs),
    Lab(LabArgs),
    Compare(CompareArgs),
    Report(ReportArgs),
    CredentialProcess(CredentialProcessArgs),
    #[command(hide = true)]
    ImdsWorker(WorkerArgs),
}

impl Cli {
    /// The subcommand with its arguments.
    #[must_use]
    pub fn command(self) -> Box<dyn Command> {
        match self.command {
            Subcommands::Sts(args) => Box::new(args),
            Subcommands::Imds(args) => Box::new(args),
            Subcommands::S3(args) => Box::new(args),
            Subcommands::Cloudmap(args) => Box::new(args),
            Subcommands::Refresh(args) => Box::new(args),
            Subcommands::Sign(args) => Box::new(args),
            Subcommands::Doctor(args) => Box::new(args),
            Subcommands::Lab(args) => Box::new(args),
            Subcommands::Compare(args) => Box::new(args),
            Subcommands::Report(args) => Box::new(args),
            Subcommands::CredentialProcess(args) => Box::new(args),
            Subcommands::ImdsWorker(args) => Box::new(args),
        }
    }
}

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
    pub fn command(self) -> Command {
        match self.command {
            Subcommands::Sts(args) => args.into(),
            Subcommands::Imds(args) => args.into(),
            Subcommands::S3(args) => args.into(),
            Subcommands::Cloudmap(args) => args.into(),
            Subcommands::Refresh(args) => args.into(),
            Subcommands::Sign(args) => args.into(),
            Subcommands::Doctor(args) => args.into(),
            Subcommands::Lab(args) => args.into(),
            Subcommands::Compare(args) => args.into(),
            Subcommands::Report(args) => args.into(),
            Subcommands::CredentialProcess(args) => args.into(),
            Subcommands::ImdsWorker(args) => args.into(),
        }
    }
}

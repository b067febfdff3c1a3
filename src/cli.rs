//! The command line as typed.

use clap::{Parser, Subcommand};

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
use crate::commands::{self, CheckOptions, Failure, OutputOptions, Report};

/// Where the time of an AWS call goes: credentials, signing and transmission timed apart.
///
/// Start with `awscreds-bench sts --regional --lab`: it needs no AWS account.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
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
    /// Where and how the results are wanted.
    #[must_use]
    pub fn output(&self) -> &OutputOptions {
        match &self.command {
            Command::Sts(args) => &args.output,
            Command::Imds(args) => &args.output,
            Command::S3(args) => &args.output,
            Command::Cloudmap(args) => &args.output,
            Command::Refresh(args) => &args.output,
            Command::Sign(args) => &args.output,
            Command::Doctor(args) => &args.output,
            Command::Lab(args) => &args.output,
            Command::Compare(args) => &args.output,
            Command::Report(args) => &args.output,
            Command::CredentialProcess(args) => &args.output,
            Command::ImdsWorker(args) => &args.output,
        }
    }

    /// Whether one thread is enough, so that none need be started: for processes that are started by the thousand.
    #[must_use]
    pub fn needs_one_thread(&self) -> bool {
        matches!(
            self.command,
            Command::CredentialProcess(_) | Command::ImdsWorker(_)
        )
    }

    /// What the results are held to.
    fn checks(&self) -> CheckOptions {
        match &self.command {
            Command::Sts(args) => args.checks.clone(),
            Command::Imds(args) => args.checks.clone(),
            Command::S3(args) => args.checks.clone(),
            Command::Cloudmap(args) => args.checks.clone(),
            Command::Refresh(args) => args.checks.clone(),
            Command::Sign(args) => args.checks.clone(),
            Command::Compare(args) => args.checks.clone(),
            Command::Report(args) => args.checks.clone(),
            Command::Doctor(_)
            | Command::Lab(_)
            | Command::CredentialProcess(_)
            | Command::ImdsWorker(_) => CheckOptions::default(),
        }
    }

    /// Runs the subcommand.
    pub async fn run(self) -> Result<Report, Failure> {
        let checks = self.checks();
        let report = match self.command {
            Command::Sts(args) => commands::sts::run(args).await,
            Command::Imds(args) => commands::imds::run(args).await,
            Command::S3(args) => commands::s3::run(args).await,
            Command::Cloudmap(args) => commands::cloudmap::run(args).await,
            Command::Refresh(args) => commands::refresh::run(args).await,
            Command::Sign(args) => commands::sign::run(args).await,
            Command::Doctor(args) => commands::doctor::run(args).await,
            Command::Lab(args) => commands::lab::run(args).await,
            Command::Compare(args) => commands::compare::run(&args),
            Command::Report(args) => commands::report::run(&args),
            Command::CredentialProcess(args) => commands::credential_process::run(args).await,
            Command::ImdsWorker(args) => commands::imds::worker::run(args).await,
        };
        report.map(|report| report.checked(&checks))
    }
}

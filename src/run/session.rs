//! What every measuring command does before it measures: start the lab or find the target, read the configuration,
//! listen for interrupts.

use std::future::Future;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::console::Console;
use super::failure::Failure;
use super::head::{Clock, head};
use super::lab::{LabRequests, RunningLab, load_scenario, requests};
use super::options::{OutputOptions, TargetOptions};
use super::signals::stop_on_signal;
use super::target::setup_options;
use crate::client::Setup;
use crate::credentials::Source;
use crate::document::{Document, Environment, LabInfo, Measurement, Target};
use crate::exit::Exit;
use crate::lab::{Lab, Options as LabOptions, Scenario};
use crate::measure::Stop;

/// One run of a measuring command.
pub struct Session {
    pub setup: Arc<Setup>,
    pub stop: Stop,
    pub console: Console,
    command: &'static str,
    lab: Option<RunningLab>,
    clock: Clock,
}

impl Session {
    /// Starts the lab if asked to, and reads the configuration.
    ///
    /// # Errors
    ///
    /// If the scenario, the lab or the configuration is not usable.
    pub async fn begin(
        command: &'static str,
        target: &TargetOptions,
        output: &OutputOptions,
        source: Source,
    ) -> Result<Self, Failure> {
        let scenario = target.lab.as_deref().map(load_scenario).transpose()?;
        Self::begin_in(scenario, command, target, output, source).await
    }

    /// The same with a scenario that the command has had a hand in.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub async fn begin_in(
        scenario: Option<Scenario>,
        command: &'static str,
        target: &TargetOptions,
        output: &OutputOptions,
        source: Source,
    ) -> Result<Self, Failure> {
        let stop = Stop::default();
        stop_on_signal(stop.clone());
        let lab = match scenario {
            Some(scenario) => Some(RunningLab::start(scenario, LabOptions::default()).await?),
            None => None,
        };
        let loading = Setup::load(setup_options(target, source, lab.as_ref()));
        let setup = unless_stopped(&stop, loading).await??;
        let session = Self {
            setup: Arc::new(setup),
            stop,
            console: output.into(),
            command,
            lab,
            clock: Clock::started(),
        };
        session.console.detail(|| session.description());
        Ok(session)
    }

    /// The lab that is measured, if one is.
    #[must_use]
    pub fn lab(&self) -> Option<&Lab> {
        self.lab.as_ref().map(|running| &running.lab)
    }

    /// What the lab has counted so far; nothing without a lab.
    #[must_use]
    pub fn lab_requests(&self) -> LabRequests {
        self.lab().map(requests).unwrap_or_default()
    }

    /// Waits, unless interrupted.
    pub async fn pause(&self, duration: Duration) {
        tokio::select! {
            () = tokio::time::sleep(duration) => (),
            () = self.stop.stopped() => (),
        }
    }

    /// What prepares a run, as long as nobody interrupts it: before anything is measured there is nothing to print.
    ///
    /// # Errors
    ///
    /// If it was interrupted.
    pub async fn preparing<F: Future>(&self, work: F) -> Result<F::Output, Failure> {
        unless_stopped(&self.stop, work).await
    }

    /// The document of a run that ends now.
    pub(super) fn document(&self, lab_requests: LabRequests, body: Measurement) -> Document {
        let lab = self.lab.as_ref().map(|running| LabInfo {
            requests: lab_requests,
            ..running.info.clone()
        });
        let target = match lab {
            Some(_) => Target::Lab,
            None => Target::Endpoint,
        };
        let body = Measurement { lab, ..body };
        Document {
            head: head(self.command, Some(self.clock), Some(target)),
            body: body.into(),
        }
    }

    pub(super) fn command(&self) -> &'static str {
        self.command
    }

    pub(super) fn environment(&self) -> Environment {
        let sdk = [
            ("aws-sdk-sts", aws_sdk_sts::meta::PKG_VERSION),
            ("aws-sdk-s3", aws_sdk_s3::meta::PKG_VERSION),
            (
                "aws-sdk-servicediscovery",
                aws_sdk_servicediscovery::meta::PKG_VERSION,
            ),
        ];
        Environment {
            os: std::env::consts::OS.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, NonZero::get),
            region: Some(self.setup.region().to_owned()),
            source: self.setup.source().name().to_owned(),
            sdk: sdk
                .map(|(name, version)| (name.to_owned(), version.to_owned()))
                .into(),
            cpu: None,
        }
    }

    fn description(&self) -> String {
        let mut lines = Vec::new();
        if let Some(RunningLab { lab, info }) = &self.lab {
            lines.push(format!(
                "lab `{}` on {}, metadata on {}",
                info.scenario,
                lab.address(),
                lab.imds_address()
            ));
        }
        lines.push(format!(
            "Region {}, credentials from {}",
            self.setup.region(),
            self.setup.source().name()
        ));
        let services = ["STS", "S3", "SERVICEDISCOVERY"].into_iter();
        lines.extend(services.filter_map(|service| {
            let url = self.setup.endpoint_override(service)?;
            Some(format!("{service} is configured to be at {url}"))
        }));
        lines.join("\nnote: ")
    }
}

/// Why a run that was interrupted before anything was measured has nothing to show.
#[must_use]
pub fn interrupted_run() -> Failure {
    Failure {
        error: anyhow!("interrupted before anything was measured"),
        hint: None,
        exit: Exit::Interrupted,
    }
}

async fn unless_stopped<F: Future>(stop: &Stop, work: F) -> Result<F::Output, Failure> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.stopped() => Err(interrupted_run()),
    }
}

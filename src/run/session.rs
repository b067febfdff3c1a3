//! What every measuring command does before it measures: start the lab or find the target, read the configuration,
//! listen for interrupts.

use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;

use super::console::Console;
use super::failure::Failure;
use super::lab::{LabRequests, RunningLab};
use super::limits::raise_open_files;
use super::options::{MeasuringOptions, OutputOptions, TargetOptions, USUAL_SCENARIO};
use super::signals::stop_on_signal;
use super::target::setup_options;
use crate::client::Setup;
use crate::clock::Moment;
use crate::credentials::Source;
use crate::document::Environment;
use crate::exit::Exit;
use crate::lab::{Lab, Options as LabOptions, Scenario};
use crate::measure::Stop;

/// One run of a measuring command.
pub struct Session {
    pub setup: Arc<Setup>,
    pub stop: Stop,
    pub console: Console,
    pub(crate) command: &'static str,
    pub(super) lab: Option<RunningLab>,
    pub(super) begun: Moment,
}

impl Session {
    /// Starts the lab in a scenario, if one is asked for, and reads the configuration.
    ///
    /// # Errors
    ///
    /// If the lab or the configuration is not usable.
    pub async fn begin(
        command: &'static str,
        scenario: Option<Scenario>,
        target: &TargetOptions,
        output: &OutputOptions,
        source: Source,
    ) -> Result<Self, Failure> {
        raise_open_files();
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
            console: output.console,
            command,
            lab,
            begun: Moment::now(),
        };
        session.describe();
        Ok(session)
    }

    /// The lab that is measured, if one is.
    pub(crate) fn lab(&self) -> Option<&Lab> {
        self.lab.as_ref().map(|running| &running.lab)
    }

    /// What the lab has counted so far; nothing without a lab.
    pub(crate) fn lab_requests(&self) -> LabRequests {
        let lab = self.lab.as_ref();
        lab.map(RunningLab::requests).unwrap_or_default()
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

    pub(super) fn environment(&self) -> Environment {
        let sdk = [
            ("aws-sdk-sts", aws_sdk_sts::meta::PKG_VERSION),
            ("aws-sdk-s3", aws_sdk_s3::meta::PKG_VERSION),
            (
                "aws-sdk-servicediscovery",
                aws_sdk_servicediscovery::meta::PKG_VERSION,
            ),
        ]
        .map(|(name, version)| (name.to_owned(), version.to_owned()));
        Environment {
            os: std::env::consts::OS.to_owned(),
            cpus: std::thread::available_parallelism().map_or(1, NonZero::get),
            region: Some(self.setup.region().to_owned()),
            source: self.setup.named.source.name().to_owned(),
            sdk: sdk.into(),
            cpu: None,
        }
    }

    /// What is measured, for those who want to know.
    fn describe(&self) {
        let (setup, console) = (&self.setup, self.console);
        if let Some(RunningLab { lab, info }) = &self.lab {
            let (name, address, imds) = (&info.scenario, lab.address(), lab.imds_address());
            console.detail(|| format!("lab `{name}` on {address}, metadata on {imds}"));
        }
        let (region, source) = (setup.region(), setup.named.source.name());
        console.detail(|| format!("Region {region}, credentials from {source}"));
        for service in ["STS", "S3", "SERVICEDISCOVERY"] {
            if let Some(url) = setup.endpoint_override(service) {
                console.detail(|| format!("{service} is configured to be at {url}"));
            }
        }
    }
}

impl MeasuringOptions {
    /// Begins the run of a command, with whatever credentials the SDK finds unless the user names a source.
    pub(crate) async fn begin(&self, command: &'static str) -> Result<Session, Failure> {
        let scenario = self.target.scenario(USUAL_SCENARIO)?;
        Session::begin(command, scenario, &self.target, &self.output, self.source()).await
    }
}

/// Waits for `work`, unless interrupted.
///
/// # Errors
///
/// If it was interrupted.
pub async fn unless_stopped<F: Future>(stop: &Stop, work: F) -> Result<F::Output, Failure> {
    tokio::select! {
        done = work => Ok(done),
        () = stop.stopped() => Err(Failure {
            exit: Exit::Interrupted,
            ..anyhow!("interrupted before there was a result").into()
        }),
    }
}

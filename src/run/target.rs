//! From the options that name a target to the setup of its clients.

use super::head::environment;
use super::lab::RunningLab;
use super::options::TargetOptions;
use crate::client::SetupOptions;
use crate::credentials::{NamedSource, Source, Variables};
use crate::lab::ExportedSource;

/// What clients are set up with: the lab's environment and address, or this process's environment.
pub(super) fn setup_options(
    target: &TargetOptions,
    source: Source,
    lab: Option<&RunningLab>,
) -> SetupOptions {
    let route = lab.map(RunningLab::route);
    SetupOptions {
        named: NamedSource {
            source,
            variables: client_variables(lab, source),
            profile: target.profile.clone(),
            region: target.region.clone(),
            role_arn: target.role_arn.clone(),
        },
        route: route.filter(|_| target.endpoint_url.is_none()),
        endpoint_url: target.endpoint_url.clone(),
        timeout: target.timeout,
    }
}

/// The environment that a client is to see: the lab's for a source, or this process's own.
#[must_use]
pub fn client_variables(lab: Option<&RunningLab>, source: Source) -> Variables {
    match lab {
        Some(lab) => lab.lab.environment(exported(source)).into_iter().collect(),
        None => environment(),
    }
}

/// The lab's variables for a source.
fn exported(source: Source) -> ExportedSource {
    match source {
        Source::Static | Source::Env => ExportedSource::Static,
        Source::Profile => ExportedSource::Profile,
        Source::WebIdentity => ExportedSource::WebIdentity,
        Source::AssumeRole => ExportedSource::AssumeRole,
        Source::Container => ExportedSource::Container,
        Source::Imds | Source::Chain => ExportedSource::Imds,
    }
}

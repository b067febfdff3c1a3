//! From the options that name a target to the setup of its clients.

use super::options::TargetOptions;
use crate::client::{Route, SetupOptions};
use crate::credentials::{Source, Variables};
use crate::lab::{ExportedSource, Lab};

/// What clients are set up with: the lab's environment and address, or this process's environment.
pub(super) fn setup_options(
    target: &TargetOptions,
    source: Source,
    lab: Option<&Lab>,
) -> SetupOptions {
    let route = lab.map(|lab| Route {
        address: lab.address(),
        ca_pem: lab.ca_pem().to_owned(),
    });
    let variables: Variables = match lab {
        Some(lab) => lab.environment(exported(source)).into_iter().collect(),
        None => std::env::vars().collect(),
    };
    SetupOptions {
        variables,
        route: route.filter(|_| target.endpoint_url.is_none()),
        source,
        region: target.region.clone(),
        profile: target.profile.clone(),
        role_arn: target.role_arn.clone(),
        endpoint_url: target.endpoint_url.clone(),
        timeout: target.timeout,
    }
}

/// The lab's variables for a source.
pub fn exported(source: Source) -> ExportedSource {
    match source {
        Source::Static | Source::Env => ExportedSource::Static,
        Source::Profile => ExportedSource::Profile,
        Source::WebIdentity => ExportedSource::WebIdentity,
        Source::AssumeRole => ExportedSource::AssumeRole,
        Source::Container => ExportedSource::Container,
        Source::Imds | Source::Chain => ExportedSource::Imds,
    }
}

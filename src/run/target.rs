//! From the options that name a target to the setup of its clients.

use super::head::environment;
use super::lab::RunningLab;
use super::options::TargetOptions;
use crate::client::SetupOptions;
use crate::credentials::{NamedSource, Source, Variables};
use crate::lab::{ExportedSource, Scenario};

impl TargetOptions {
    /// The source that the user names, or that the lab's scenario is about. A scenario that cannot be read is an
    /// error where it is started.
    pub(crate) fn source(&self) -> Option<Source> {
        let about = || Scenario::load(self.lab.as_deref()?).ok()?.source;
        self.source.or_else(|| about().map(source_of))
    }

    /// A source with the profile, Region and role that the options name.
    pub(crate) fn named(&self, source: Source, variables: Variables) -> NamedSource {
        NamedSource {
            source,
            variables,
            profile: self.profile.clone(),
            region: self.region.clone(),
            role_arn: self.role_arn.clone(),
        }
    }
}

/// What clients are set up with: the lab's environment and address, or this process's environment.
pub(super) fn setup_options(
    target: &TargetOptions,
    source: Source,
    lab: Option<&RunningLab>,
) -> SetupOptions {
    let route = lab.map(RunningLab::route);
    SetupOptions {
        named: target.named(source, client_variables(lab, source)),
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

/// The source that the lab's variables lead to.
#[must_use]
pub fn source_of(exported: ExportedSource) -> Source {
    match exported {
        ExportedSource::Imds => Source::Imds,
        ExportedSource::Container => Source::Container,
        ExportedSource::Static => Source::Static,
        ExportedSource::WebIdentity => Source::WebIdentity,
        ExportedSource::Profile => Source::Profile,
        ExportedSource::AssumeRole => Source::AssumeRole,
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

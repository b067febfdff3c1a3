//! Whose AWS configuration is examined.

use std::time::Duration;

use super::profile::Profiles;
use crate::client::{Route, SetupOptions};
use crate::credentials::{NamedSource, Source, Variables, variable};

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Every link of the credential chain, and STS for each that gives credentials.
    Machine,
    /// The link that a client of this source ends at and no other; STS only where that is said.
    Client { source: Source, sts: bool },
}

impl Extent {
    /// Whether STS is asked whose credentials are.
    pub(super) fn asks_sts(self) -> bool {
        !matches!(self, Self::Client { sts: false, .. })
    }
}

/// This machine, or a client of a stand-in for AWS.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The environment that SDKs see.
    pub variables: Variables,
    /// To a stand-in for AWS.
    pub route: Option<Route>,
    pub region: Option<String>,
    pub profile: Option<String>,
    /// That takes the place of STS's own.
    pub endpoint_url: Option<String>,
    pub extent: Extent,
}

impl Subject {
    /// The Region as the Rust SDK finds it without asking metadata, and what names it.
    pub(super) fn configured_region(&self, profiles: &Profiles) -> Option<(String, &'static str)> {
        let by_variable = |name| variable(&self.variables, name).map(|region| (region, name));
        let by_option = self.region.as_deref().map(|region| (region, "--region"));
        let (region, by) = by_option
            .or_else(|| by_variable("AWS_REGION"))
            .or_else(|| by_variable("AWS_DEFAULT_REGION"))
            .or_else(|| Some((profiles.property("region")?, "the profile")))?;
        Some((region.to_owned(), by))
    }

    /// For a client that asks `source` for its credentials.
    pub(super) fn setup_options(
        &self,
        source: Source,
        region: &str,
        timeout: Duration,
    ) -> SetupOptions {
        SetupOptions {
            named: NamedSource {
                source,
                variables: self.variables.clone(),
                profile: self.profile.clone(),
                region: Some(region.to_owned()),
                role_arn: None,
            },
            route: self.route.clone(),
            endpoint_url: self.endpoint_url.clone(),
            timeout,
        }
    }
}

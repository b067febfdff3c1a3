//! Gathers an [`Examination`]. Everything is asked at once, and each question has its own limit.

mod container;
mod http;
mod identity;
mod links;
mod lookup;
mod metadata;
mod process;

use std::time::Duration;

use super::examination::{Examination, LinkState};
use super::place::{Traces, place};
use super::profile::Profiles;
use crate::client::Route;
use crate::clock;
use crate::credentials::Variables;
use crate::link_local;

/// Whom to examine.
#[derive(Clone, Debug)]
pub struct Patient {
    /// The environment that SDKs see.
    pub variables: Variables,
    /// To a stand-in for AWS.
    pub route: Option<Route>,
    pub region: Option<String>,
    pub profile: Option<String>,
}

/// The first round: credentials, endpoints, names. What takes longer is reported as unanswered.
const FETCH: Duration = Duration::from_secs(3);
/// The second round: whom the credentials belong to.
const IDENTIFY: Duration = Duration::from_millis(1500);
/// One connection or one answer of an endpoint that is a millisecond away when all is well.
const NEAR: Duration = Duration::from_millis(950);

/// Examines the machine. Ends within five seconds, whatever does not answer.
pub async fn examine(patient: &Patient) -> Examination {
    let variables = &patient.variables;
    let profiles = Profiles::read(variables, patient.profile.as_deref()).await;
    let configured = configured_region(patient, &profiles);
    let asked_region = configured.as_ref().map(|(region, _)| region.as_str());
    let ((mut links, process), metadata, container, lookup) = tokio::join!(
        links::walk(patient, &profiles, asked_region, FETCH),
        metadata::probe(variables),
        container::probe(variables),
        lookup::probe(patient, asked_region, &profiles),
    );
    let region = configured.or_else(|| {
        let region = metadata.as_ref()?.region.clone()?;
        Some((region, "instance metadata"))
    });
    if let Some((region, _)) = &region {
        identity::ask(patient, &mut links, region, IDENTIFY).await;
    }
    let traces = Traces {
        instance: metadata.as_ref().and_then(|m| m.instance.clone()),
        ..Traces::read()
    };
    let linklocal_dropped = tokio::task::spawn_blocking(link_local::dropped);
    Examination {
        variables: variables.clone(),
        place: place(variables, &traces),
        profiles,
        region,
        links: links.into_iter().map(|link| link.link).collect(),
        metadata,
        container,
        web_identity_file: container::token_file(variables, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        process,
        lookup,
        linklocal_dropped: linklocal_dropped.await.ok().flatten(),
        now: Some(clock::wall()),
    }
}

/// What is wrong with metadata or the container endpoint, asked by itself: for a command that has just failed to
/// fetch from it.
pub async fn examine_endpoints(variables: &Variables) -> Examination {
    let (metadata, container) =
        tokio::join!(metadata::probe(variables), container::probe(variables));
    Examination {
        variables: variables.clone(),
        metadata,
        container,
        now: Some(clock::wall()),
        ..Examination::default()
    }
}

/// The Region as the Rust SDK finds it without asking metadata.
fn configured_region(patient: &Patient, profiles: &Profiles) -> Option<(String, &'static str)> {
    let variable = |name: &'static str| {
        let value = patient
            .variables
            .get(name)
            .filter(|value| !value.is_empty())?;
        Some((value.clone(), name))
    };
    let flag = patient.region.clone().map(|region| (region, "--region"));
    flag.or_else(|| variable("AWS_REGION"))
        .or_else(|| variable("AWS_DEFAULT_REGION"))
        .or_else(|| {
            let region = profiles.current()?.get("region")?;
            Some((region.clone(), "the profile"))
        })
}

/// A link with what only the second round may know.
struct Walked {
    link: super::examination::Link,
    credentials: Option<aws_credential_types::Credentials>,
}

impl Walked {
    fn absent(name: super::examination::LinkName, why: impl Into<String>) -> Self {
        Self::found(name, LinkState::Absent(why.into()))
    }

    fn found(name: super::examination::LinkName, state: LinkState) -> Self {
        Self {
            link: super::examination::Link {
                name,
                state,
                elapsed: None,
                throttled: 0,
                slowest: std::collections::BTreeMap::new(),
            },
            credentials: None,
        }
    }
}

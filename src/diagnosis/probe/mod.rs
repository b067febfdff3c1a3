//! Gathers an [`Examination`]. Everything is asked at once, and each question has its own limit.

mod connection;
mod container;
mod identity;
mod limits;
mod links;
mod lookup;
mod metadata;
mod process;

use super::examination::Examination;
use super::platform::{self, MachineFacts};
use super::profile::Profiles;
use super::subject::Subject;
use crate::clock;
use crate::credentials::{MetadataProfile, Variables};
use crate::link_local;

/// Examines the machine. Ends within five seconds, whatever does not answer.
pub async fn examine(subject: &Subject) -> Examination {
    let variables = &subject.variables;
    let profiles = Profiles::read(variables, subject.profile.as_deref()).await;
    let configured = subject.configured_region(&profiles);
    let asked_region = configured.as_ref().map(|(region, _)| region.as_str());
    let ((mut links, process), metadata, container, lookup, linklocal_dropped) = tokio::join!(
        links::probe(subject, &profiles, asked_region),
        metadata::probe(variables, profiles.metadata()),
        container::probe(variables),
        lookup::probe(subject, asked_region, &profiles),
        link_local::dropped(),
    );
    let region = configured.or_else(|| {
        let region = metadata.as_ref()?.region.clone()?;
        Some((region, "instance metadata"))
    });
    if let Some((region, _)) = &region {
        identity::ask(subject, &mut links, region).await;
    }
    let instance = metadata.as_ref().and_then(|m| m.instance.clone());
    Examination {
        variables: variables.clone(),
        platform: platform::detect(variables, &MachineFacts::read(instance)),
        profiles,
        region,
        links: links.into_iter().map(|(link, _)| link).collect(),
        metadata,
        container,
        web_identity_file: container::token_file(variables, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        process,
        lookup,
        linklocal_dropped,
        now: Some(clock::wall()),
    }
}

/// What is wrong with metadata or the container endpoint, asked by itself: for a command that has just failed to
/// fetch from it.
pub async fn examine_endpoints(variables: &Variables) -> Examination {
    let (metadata, container) = tokio::join!(
        metadata::probe(variables, MetadataProfile::default()),
        container::probe(variables)
    );
    Examination {
        variables: variables.clone(),
        metadata,
        container,
        now: Some(clock::wall()),
        ..Examination::default()
    }
}

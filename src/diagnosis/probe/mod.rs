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
use super::subject::{Extent, Subject};
use crate::clock;
use crate::credentials::Source;
use crate::link_local;

const TOKEN_FILE: &str = "AWS_WEB_IDENTITY_TOKEN_FILE";

/// Examines the machine, or what a client asks of it. Ends within five seconds, whatever does not answer.
pub async fn examine(subject: &Subject) -> Examination {
    match subject.extent {
        Extent::Machine => probed(subject, &Source::CHAIN).await,
        Extent::Client { source, .. } => {
            let narrowed = Subject {
                variables: source.narrow(&subject.variables),
                ..subject.clone()
            };
            probed(&narrowed, &[source]).await
        }
    }
}

/// Asks everything at once that belongs to `sources`.
async fn probed(subject: &Subject, sources: &[Source]) -> Examination {
    let variables = &subject.variables;
    let profiles = Profiles::read(variables, subject.profile.as_deref()).await;
    let links = links::reached(sources, variables, &profiles);
    let asks = |link| links.contains(&link);
    let configured = subject.configured_region(&profiles);
    let asked_region = configured.as_ref().map(|(region, _)| region.as_str());
    let ((mut probed, process), metadata, container, lookup, linklocal_dropped) = tokio::join!(
        links::probe(subject, &links, &profiles, asked_region),
        on(
            asks(Source::Imds),
            metadata::probe(variables, profiles.metadata())
        ),
        on(asks(Source::Container), container::probe(variables)),
        on(
            subject.extent.asks_sts(),
            lookup::probe(subject, asked_region, &profiles)
        ),
        on(asks(Source::Imds), link_local::dropped()),
    );
    let region = configured.or_else(|| {
        let region = metadata.as_ref()?.region.clone()?;
        Some((region, "instance metadata"))
    });
    if subject.extent.asks_sts()
        && let Some((region, _)) = &region
    {
        identity::ask(subject, &mut probed, region).await;
    }
    let instance = metadata.as_ref().and_then(|m| m.instance.clone());
    let web_identity = asks(Source::WebIdentity);
    let web_identity = web_identity.then(|| container::token_file(variables, TOKEN_FILE));
    Examination {
        variables: variables.clone(),
        platform: platform::detect(variables, &MachineFacts::read(instance)),
        profiles,
        region,
        links: probed.into_iter().map(|(link, _)| link).collect(),
        metadata,
        container,
        web_identity_file: web_identity.flatten(),
        process,
        lookup,
        linklocal_dropped,
        now: Some(clock::wall()),
        called: None,
    }
}

/// A question that is put only where it belongs to what is examined.
async fn on<T>(belongs: bool, question: impl Future<Output = Option<T>>) -> Option<T> {
    if belongs { question.await } else { None }
}

//! The links of the credential chain, each asked by itself and all at once, through the Rust SDK's own
//! providers.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::container::token_file;
use super::limits::FETCH;
use super::process;
use crate::client::{ArmFacts, Setup, SetupOptions, error_text};
use crate::clock;
use crate::credentials::{Source, Variables, container_endpoint, metadata_disabled, variable};
use crate::diagnosis::examination::{FetchedCredentials, Link, LinkState, ProcessRun};
use crate::diagnosis::profile::Profiles;
use crate::diagnosis::subject::Subject;

/// For providers that want a Region although none is configured. Nothing is sent there without one: what
/// would be needs a Region of its own.
const ANY_REGION: &str = "us-east-1";

/// A link with what only the second round may know.
pub(super) type ProbedLink = (Link, Option<Credentials>);

/// The links of the chain that belong to `sources`. One that is no link is the chain itself, which ends at the first
/// link that something is configured for; where nothing is, every link says so without being asked.
pub(super) fn reached(
    sources: &[Source],
    variables: &Variables,
    profiles: &Profiles,
) -> Vec<Source> {
    if sources.iter().all(|source| Source::CHAIN.contains(source)) {
        return sources.to_vec();
    }
    let is_configured = |source: &Source| {
        let foregone = foregone(*source, variables, profiles);
        !matches!(foregone, Some(LinkState::Absent(_)))
    };
    let first = Source::CHAIN.into_iter().find(is_configured);
    first.map_or(Source::CHAIN.to_vec(), |link| vec![link])
}

/// Asks each of these links that something is configured for; also tells how the profile's `credential_process` ran.
pub(super) async fn probe(
    subject: &Subject,
    links: &[Source],
    profiles: &Profiles,
    region: Option<&str>,
) -> (Vec<ProbedLink>, Option<ProcessRun>) {
    let links = links.iter();
    let links = links.map(|source| probe_link(subject, *source, profiles, region));
    let (links, runs): (Vec<_>, Vec<_>) = join_all(links).await.into_iter().unzip();
    (links, runs.into_iter().flatten().next())
}

async fn probe_link(
    subject: &Subject,
    source: Source,
    profiles: &Profiles,
    region: Option<&str>,
) -> (ProbedLink, Option<ProcessRun>) {
    if let Some(state) = foregone(source, &subject.variables, profiles) {
        return ((Link::new(source, state), None), None);
    }
    let run = match source {
        Source::Profile => process::probe(profiles, &subject.variables).await,
        _ => None,
    };
    let spent = run.as_ref().map(|run| run.elapsed);
    let (mut link, credentials) = if let Some(why) = run.as_ref().and_then(trouble) {
        (Link::new(source, LinkState::Failed(why)), None)
    } else {
        let options = setup_options(subject, source, profiles, region);
        let left = FETCH.saturating_sub(spent.unwrap_or_default());
        fetch(source, options, left).await
    };
    // Where the process gives something, the link runs it again: one run is what it costs.
    link.elapsed = link.elapsed.or(spent);
    ((link, credentials), run)
}

/// Why a process gave nothing, if it did not.
fn trouble(run: &ProcessRun) -> Option<String> {
    let about = format!("credential_process of profile {}", run.profile);
    match &run.failed {
        Some(why) => Some(format!("{about}: {why}")),
        None if run.hung => Some(format!(
            "{about} had not ended after {:.1} s",
            run.elapsed.as_secs_f64()
        )),
        None => None,
    }
}

/// What is known of a link without asking anybody: that nothing leads to it, or that it cannot succeed.
fn foregone(source: Source, variables: &Variables, profiles: &Profiles) -> Option<LinkState> {
    let set = |name: &str| variable(variables, name).is_some();
    let (configured, missing) = match source {
        Source::Env => (
            set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY"),
            "AWS_ACCESS_KEY_ID is not set",
        ),
        Source::Profile => return foregone_profile(profiles),
        Source::WebIdentity => match token_file(variables, "AWS_WEB_IDENTITY_TOKEN_FILE") {
            Some(file) => {
                let why = file.unreadable?;
                let why = format!("cannot read {}: {why}", file.path);
                return Some(LinkState::Failed(why));
            }
            None => (false, "AWS_WEB_IDENTITY_TOKEN_FILE is not set"),
        },
        Source::Container => (
            container_endpoint(variables).is_some(),
            "no AWS_CONTAINER_CREDENTIALS_… is set",
        ),
        _ => (
            !metadata_disabled(variables),
            "AWS_EC2_METADATA_DISABLED is set",
        ),
    };
    (!configured).then(|| LinkState::Absent(missing.to_owned()))
}

fn foregone_profile(profiles: &Profiles) -> Option<LinkState> {
    let selected = &profiles.selected;
    if let Some(why) = &profiles.broken {
        return Some(LinkState::Failed(why.clone()));
    }
    if profiles.goes_in_circles() {
        let path = profiles.path().join(" → ");
        let why = format!("profile {selected} leads back to itself: {path}");
        return Some(LinkState::Failed(why));
    }
    if profiles.current().is_none() {
        let why = format!("there is no profile {selected}");
        // Somebody has named it, or nobody has.
        return Some(match profiles.selected_by {
            Some(_) => LinkState::Failed(why),
            None => LinkState::Absent(why),
        });
    }
    let why = || LinkState::Absent(format!("profile {selected} names no credentials"));
    profiles.kind().is_none().then(why)
}

async fn fetch(source: Source, options: SetupOptions, limit: Duration) -> ProbedLink {
    let start = clock::now();
    let facts = Arc::new(ArmFacts::default());
    let variables = options.named.variables.clone();
    let fetch = async {
        let setup = Setup::load(options).await?;
        let provider = setup.provider(&facts).await?;
        Ok::<_, Box<dyn Error>>(provider.provide_credentials().await?)
    };
    let fetched = match timeout(limit, Box::pin(fetch)).await {
        Ok(fetched) => fetched
            .map_err(|error| own_words(&*error, source).unwrap_or_else(|| error_text(&*error))),
        Err(_) => Err(format!(
            "no credentials within {:.1} s",
            limit.as_secs_f64()
        )),
    };
    let state = match &fetched {
        Ok(credentials) => LinkState::Loaded(described(credentials, source, &variables)),
        Err(why) => LinkState::Failed(why.clone()),
    };
    let mut link = Link {
        elapsed: Some(clock::since(start)),
        ..Link::new(source, state)
    };
    for (operation, stats) in facts.exchanges.snapshot() {
        link.throttled += stats.throttled;
        if let Some(slowest) = stats.latency.max() {
            link.slowest.insert(operation, slowest);
        }
    }
    (link, fetched.ok())
}

/// What a link itself said, where the SDK tells it among what every link of its chain said.
fn own_words(error: &(dyn Error + 'static), source: Source) -> Option<String> {
    let of_the_sdk = match source {
        Source::Env => "Environment: ",
        Source::Profile => "Profile: ",
        Source::WebIdentity => "WebIdentityToken: ",
        Source::Container => "EcsContainer: ",
        _ => "Ec2InstanceMetadata: ",
    };
    let causes = std::iter::successors(Some(error), |&error| error.source());
    let told = causes.map(ToString::to_string).find_map(|text| {
        let (_, attempted) = text.split_once("Attempted:")?;
        let (_, own) = attempted.split_once(of_the_sdk)?;
        Some(own.lines().next().unwrap_or_default().trim().to_owned())
    })?;
    let own = told
        .strip_prefix("the credential provider was not enabled")
        .unwrap_or(&told)
        .trim_start_matches([':', ' ']);
    (!own.is_empty()).then(|| own.to_owned())
}

fn setup_options(
    subject: &Subject,
    link: Source,
    profiles: &Profiles,
    region: Option<&str>,
) -> SetupOptions {
    let leaves_the_files = profiles.path().into_iter().any(|profile| {
        let properties = profiles.known.get(profile);
        properties.is_some_and(|p| p.contains_key("credential_source"))
    });
    let source = match link {
        // Its source is another link, which the narrowed environment would not show.
        Source::Profile if leaves_the_files => Source::Chain,
        link => link,
    };
    subject.setup_options(source, region.unwrap_or(ANY_REGION), FETCH)
}

fn described(
    credentials: &Credentials,
    source: Source,
    variables: &Variables,
) -> FetchedCredentials {
    let stated = || {
        let stated = variables.get("AWS_CREDENTIAL_EXPIRATION");
        let stated = stated.filter(|_| source == Source::Env)?;
        let format = &time::format_description::well_known::Rfc3339;
        let time = time::OffsetDateTime::parse(stated, format);
        time.ok().map(Into::into)
    };
    FetchedCredentials {
        access_key_id: shortened(credentials.access_key_id()),
        expires: credentials.expiry().or_else(stated),
        identity: None,
    }
}

/// The first four and the last four characters: enough to tell keys apart.
fn shortened(key_id: &str) -> String {
    let characters: Vec<char> = key_id.chars().collect();
    if characters.len() < 12 {
        return "…".to_owned();
    }
    let (head, tail) = (&characters[..4], &characters[characters.len() - 4..]);
    head.iter().chain(&['…']).chain(tail).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_shown_by_its_ends() {
        assert_eq!(shortened("AKIAIOSFODNN7EXAMPLE"), "AKIA…MPLE");
        assert_eq!(shortened("short"), "…");
    }
}

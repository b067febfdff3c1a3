//! The links of the credential chain, each asked by itself and all at once, through the Rust SDK's own
//! providers.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::container::token_file;
use super::limits::FETCH;
use super::process;
use crate::client::{ArmFacts, Setup, SetupOptions, error_text};
use crate::clock;
use crate::credentials::{
    METADATA_ENDPOINT, METADATA_MODE, Source, Variables, container_endpoint, metadata_disabled,
    metadata_endpoint, variable,
};
use crate::diagnosis::examination::{FetchedCredentials, Link, LinkState, ProcessRun};
use crate::diagnosis::profile::Profiles;
use crate::diagnosis::subject::Subject;

/// For providers that want a Region although none is configured. Nothing is sent there without one: what
/// would be needs a Region of its own.
const ANY_REGION: &str = "us-east-1";

/// A link with what only the second round may know.
pub(super) struct ProbedLink {
    pub(super) link: Link,
    pub(super) credentials: Option<Credentials>,
}

impl ProbedLink {
    fn new(source: Source, state: LinkState) -> Self {
        Self {
            link: Link::new(source, state),
            credentials: None,
        }
    }
}

/// Asks every link that something is configured for; also tells how the profile's `credential_process` ran.
pub(super) async fn probe(
    subject: &Subject,
    profiles: &Profiles,
    region: Option<&str>,
    limit: Duration,
) -> (Vec<ProbedLink>, Option<ProcessRun>) {
    let links = Source::CHAIN.map(|source| probe_link(subject, source, profiles, region, limit));
    let (links, runs): (Vec<_>, Vec<_>) = join_all(links).await.into_iter().unzip();
    (links, runs.into_iter().flatten().next())
}

async fn probe_link(
    subject: &Subject,
    source: Source,
    profiles: &Profiles,
    region: Option<&str>,
    limit: Duration,
) -> (ProbedLink, Option<ProcessRun>) {
    let unasked = absence(source, &subject.variables, profiles)
        .map(LinkState::Absent)
        .or_else(|| defect(source, &subject.variables, profiles).map(LinkState::Failed));
    if let Some(state) = unasked {
        return (ProbedLink::new(source, state), None);
    }
    let run = match source {
        Source::Profile => process::probe(profiles, &subject.variables, limit).await,
        _ => None,
    };
    let Some(run) = run else {
        let options = setup_options(subject, source, profiles, region);
        return (fetch(source, options, limit).await, None);
    };
    // Where the process gives something, the link is asked and runs it again: one run is what it costs.
    let mut probed = match trouble(&run) {
        Some(why) => ProbedLink::new(source, LinkState::Failed(why)),
        None => {
            let options = setup_options(subject, source, profiles, region);
            fetch(source, options, limit.saturating_sub(run.elapsed)).await
        }
    };
    probed.link.elapsed.get_or_insert(run.elapsed);
    (probed, Some(run))
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

/// Why nothing leads to a link, if nothing does.
fn absence(source: Source, variables: &Variables, profiles: &Profiles) -> Option<String> {
    let set = |name: &str| variable(variables, name).is_some();
    let (configured, missing) = match source {
        Source::Env => (
            set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY"),
            "AWS_ACCESS_KEY_ID is not set",
        ),
        Source::Profile => return no_profile(profiles),
        Source::WebIdentity => (
            set("AWS_WEB_IDENTITY_TOKEN_FILE"),
            "AWS_WEB_IDENTITY_TOKEN_FILE is not set",
        ),
        Source::Container => (
            container_endpoint(variables).is_some(),
            "no AWS_CONTAINER_CREDENTIALS_… is set",
        ),
        _ => (
            !metadata_disabled(variables),
            "AWS_EC2_METADATA_DISABLED is set",
        ),
    };
    (!configured).then(|| missing.to_owned())
}

fn no_profile(profiles: &Profiles) -> Option<String> {
    if profiles.kind().is_some() || profiles.broken.is_some() || profiles.goes_in_circles() {
        return None;
    }
    let selected = &profiles.selected;
    match profiles.current() {
        Some(_) => Some(format!("profile {selected} names no credentials")),
        None if profiles.selected_by.is_some() => None,
        None => Some(format!("there is no profile {selected}")),
    }
}

/// Why a link cannot succeed, where that is known without asking anybody.
fn defect(source: Source, variables: &Variables, profiles: &Profiles) -> Option<String> {
    let selected = &profiles.selected;
    match source {
        Source::Profile if profiles.broken.is_some() => profiles.broken.clone(),
        Source::Profile if profiles.goes_in_circles() => Some(format!(
            "profile {selected} leads back to itself: {}",
            profiles.path().join(" → ")
        )),
        Source::Profile if profiles.current().is_none() => {
            Some(format!("there is no profile {selected}"))
        }
        Source::WebIdentity => {
            let file = token_file(variables, "AWS_WEB_IDENTITY_TOKEN_FILE")?;
            let why = file.unreadable?;
            Some(format!("cannot read {}: {why}", file.path))
        }
        _ => None,
    }
}

async fn fetch(source: Source, options: SetupOptions, limit: Duration) -> ProbedLink {
    let start = clock::now();
    let facts = Arc::new(ArmFacts::default());
    let variables = options.variables.clone();
    let fetch = async {
        let setup = Setup::load(options)
            .await
            .map_err(|error| error_text(&error))?;
        let provider = setup
            .provider(&facts)
            .await
            .map_err(|error| error_text(&error))?;
        provider
            .provide_credentials()
            .await
            .map_err(|error| own_words(&error, source).unwrap_or_else(|| error_text(&error)))
    };
    let fetched = timeout(limit, Box::pin(fetch)).await;
    let fetched = fetched.unwrap_or_else(|_| {
        let seconds = limit.as_secs_f64();
        Err(format!("no credentials within {seconds:.1} s"))
    });
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
    let credentials = fetched.ok();
    ProbedLink { link, credentials }
}

/// What a link itself said, where the SDK tells it among what every link of its chain said.
fn own_words(error: &CredentialsError, source: Source) -> Option<String> {
    let of_the_sdk = match source {
        Source::Env => "Environment: ",
        Source::Profile => "Profile: ",
        Source::WebIdentity => "WebIdentityToken: ",
        Source::Container => "EcsContainer: ",
        _ => "Ec2InstanceMetadata: ",
    };
    let causes = std::iter::successors(Some(error as &(dyn Error + 'static)), |&error| {
        error.source()
    });
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
    let mut options = subject.setup_options(source, region.unwrap_or(ANY_REGION), FETCH);
    let variables = &mut options.variables;
    let set = |name| variable(variables, name).is_some();
    if link == Source::Imds && !set(METADATA_ENDPOINT) && !set(METADATA_MODE) {
        // The narrowed environment shows no profile, and it is the profile that says where metadata is.
        let endpoint = metadata_endpoint(variables, profiles.metadata());
        variables.insert(METADATA_ENDPOINT.to_owned(), endpoint);
    }
    options
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

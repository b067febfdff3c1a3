//! The links of the credential chain, each asked by itself and all at once, through the Rust SDK's own
//! providers.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use futures_util::future::join_all;
use tokio::time::timeout;

use super::container::token_file;
use super::{Patient, Walked, metadata, process};
use crate::client::{ArmFacts, Setup, SetupOptions, error_text};
use crate::clock;
use crate::credentials::{Source, Variables};
use crate::doctor::examination::{Fetched, LinkName, LinkState, Process};
use crate::doctor::profile::Profiles;

/// For providers that want a Region although none is configured. Nothing is sent there without one: what
/// would be needs a Region of its own.
const ANY_REGION: &str = "us-east-1";

/// Asks every link that something is configured for; also tells how the profile's `credential_process` ran.
pub(super) async fn walk(
    patient: &Patient,
    profiles: &Profiles,
    region: Option<&str>,
    limit: Duration,
) -> (Vec<Walked>, Option<Process>) {
    let links = LinkName::CHAIN.map(|name| async move {
        if let Some(why) = absence(name, &patient.variables, profiles) {
            return (Walked::absent(name, why), None);
        }
        if name == LinkName::Profile
            && let Some(run) = process::probe(profiles, &patient.variables, limit).await
        {
            let left = limit.saturating_sub(run.elapsed);
            let walked = match trouble(&run) {
                Some(why) => Walked::found(name, LinkState::Failed(why)),
                None => asked(patient, name, profiles, region, left).await,
            };
            return (timed_by(walked, &run), Some(run));
        }
        (asked(patient, name, profiles, region, limit).await, None)
    });
    let mut process = None;
    let walked = join_all(links).await.into_iter().map(|(walked, run)| {
        process = process.take().or(run);
        walked
    });
    let walked = walked.collect();
    (walked, process)
}

/// The process ran before the link was asked, which ran it again: one run is what the link costs.
fn timed_by(mut walked: Walked, run: &Process) -> Walked {
    walked.link.elapsed.get_or_insert(run.elapsed);
    walked
}

/// Why a process gave nothing, if it did not.
fn trouble(run: &Process) -> Option<String> {
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
fn absence(name: LinkName, variables: &Variables, profiles: &Profiles) -> Option<String> {
    let set = |name: &str| variables.get(name).is_some_and(|value| !value.is_empty());
    match name {
        LinkName::Env => {
            let found = set("AWS_ACCESS_KEY_ID") || set("AWS_SECRET_ACCESS_KEY");
            (!found).then(|| "AWS_ACCESS_KEY_ID is not set".to_owned())
        }
        LinkName::Profile => {
            if profiles.kind().is_some() || profiles.broken.is_some() || profiles.goes_in_circles()
            {
                return None;
            }
            let selected = &profiles.selected;
            match profiles.current() {
                Some(_) => Some(format!("profile {selected} names no credentials")),
                None if profiles.selected_by.is_some() => None,
                None => Some(format!("there is no profile {selected}")),
            }
        }
        LinkName::WebIdentity => (!set("AWS_WEB_IDENTITY_TOKEN_FILE"))
            .then(|| "AWS_WEB_IDENTITY_TOKEN_FILE is not set".to_owned()),
        LinkName::Container => {
            let found = set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
                || set("AWS_CONTAINER_CREDENTIALS_FULL_URI");
            (!found).then(|| "no AWS_CONTAINER_CREDENTIALS_… is set".to_owned())
        }
        LinkName::Imds => metadata::endpoint(variables)
            .is_none()
            .then(|| "AWS_EC2_METADATA_DISABLED is set".to_owned()),
    }
}

async fn asked(
    patient: &Patient,
    name: LinkName,
    profiles: &Profiles,
    region: Option<&str>,
    limit: Duration,
) -> Walked {
    if let Some(why) = hopeless(name, &patient.variables, profiles) {
        return Walked::found(name, LinkState::Failed(why));
    }
    let start = clock::now();
    let facts = std::sync::Arc::new(ArmFacts::default());
    let fetch = async {
        let setup = Setup::load(setup_options(patient, name, profiles, region))
            .await
            .map_err(|error| error_text(&error))?;
        let provider = setup
            .provider(&facts)
            .await
            .map_err(|error| error_text(&error))?;
        provider
            .provide_credentials()
            .await
            .map_err(|error| own_words(&error, name).unwrap_or_else(|| error_text(&error)))
    };
    let fetched = match timeout(limit, Box::pin(fetch)).await {
        Ok(fetched) => fetched,
        Err(_) => Err(format!(
            "no credentials within {:.1} s",
            limit.as_secs_f64()
        )),
    };
    let mut walked = match fetched {
        Ok(credentials) => Walked {
            credentials: Some(credentials.clone()),
            ..Walked::found(
                name,
                LinkState::Loaded(described(&credentials, name, &patient.variables)),
            )
        },
        Err(why) => Walked::found(name, LinkState::Failed(why)),
    };
    walked.link.elapsed = Some(clock::since(start));
    for (operation, stats) in facts.exchanges.snapshot() {
        walked.link.throttled += stats.throttled;
        if let Some(slowest) = stats.latency.max() {
            walked.link.slowest.insert(operation, slowest);
        }
    }
    walked
}

/// What a link itself said, where the SDK tells it among what every link of its chain said.
fn own_words(error: &CredentialsError, name: LinkName) -> Option<String> {
    let of_the_sdk = match name {
        LinkName::Env => "Environment: ",
        LinkName::Profile => "Profile: ",
        LinkName::WebIdentity => "WebIdentityToken: ",
        LinkName::Container => "EcsContainer: ",
        LinkName::Imds => "Ec2InstanceMetadata: ",
    };
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if let Some((_, rest)) = text.split_once("Attempted:")
            && let Some((_, own)) = rest.split_once(of_the_sdk)
        {
            let own = own.lines().next().unwrap_or(own).trim();
            let own = own
                .strip_prefix("the credential provider was not enabled")
                .unwrap_or(own);
            let own = own.trim_start_matches([':', ' ']);
            return (!own.is_empty()).then(|| own.to_owned());
        }
        cause = error.source();
    }
    None
}

/// Why a link cannot succeed, where that is known without asking anybody.
fn hopeless(name: LinkName, variables: &Variables, profiles: &Profiles) -> Option<String> {
    match name {
        LinkName::Profile if profiles.broken.is_some() => profiles.broken.clone(),
        LinkName::Profile if profiles.goes_in_circles() => Some(format!(
            "profile {} leads back to itself: {}",
            profiles.selected,
            profiles.path().join(" → ")
        )),
        LinkName::Profile if profiles.current().is_none() => {
            Some(format!("there is no profile {}", profiles.selected))
        }
        LinkName::WebIdentity => {
            let file = token_file(variables, "AWS_WEB_IDENTITY_TOKEN_FILE")?;
            let why = file.unreadable?;
            Some(format!("cannot read {}: {why}", file.path))
        }
        _ => None,
    }
}

fn setup_options(
    patient: &Patient,
    name: LinkName,
    profiles: &Profiles,
    region: Option<&str>,
) -> SetupOptions {
    let variables = patient.variables.clone();
    let leaves_the_files = profiles.path().into_iter().any(|profile| {
        let properties = profiles.known.get(profile);
        properties.is_some_and(|p| p.contains_key("credential_source"))
    });
    let source = match name {
        LinkName::Env => Source::Env,
        // Its source is another link, which the narrowed environment would not show.
        LinkName::Profile if leaves_the_files => Source::Chain,
        LinkName::Profile => Source::Profile,
        LinkName::WebIdentity => Source::WebIdentity,
        LinkName::Container => Source::Container,
        LinkName::Imds => Source::Imds,
    };
    SetupOptions {
        variables,
        route: patient.route.clone(),
        source,
        region: Some(region.unwrap_or(ANY_REGION).to_owned()),
        profile: patient.profile.clone(),
        role_arn: None,
        endpoint_url: None,
        timeout: super::FETCH,
    }
}

fn described(credentials: &Credentials, name: LinkName, variables: &Variables) -> Fetched {
    let stated = || {
        let stated = variables
            .get("AWS_CREDENTIAL_EXPIRATION")
            .filter(|_| name == LinkName::Env)?;
        let time =
            time::OffsetDateTime::parse(stated, &time::format_description::well_known::Rfc3339);
        time.ok().map(Into::into)
    };
    Fetched {
        access_key_id: shortened(credentials.access_key_id()),
        temporary: credentials.session_token().is_some(),
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

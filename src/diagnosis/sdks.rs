//! What SDKs in other languages would make of the same machine: their default chains, as data.
//!
//! The orders are those of the SDKs' own sources: which provider their default chain asks before which. A
//! chain is taken to end at the first link that something is configured for, which is where all of them
//! end unless that link says that it has nothing.

use std::time::Duration;

use self::ChainLink::{Container, Env, EnvUnlessProfile, Imds, Profile, WebIdentity};
use super::examination::{ConnectOutcome, Examination, LinkState};
use super::profile::ProfileKind::{self, Keys, Process, Role, Sso};
use crate::credentials::Source;
use crate::document::SdkPick;

/// A link of an SDK's default chain.
#[derive(Clone, Copy, Debug)]
enum ChainLink {
    Env,
    /// Left out where `AWS_PROFILE` is set.
    EnvUnlessProfile,
    /// A profile whose credentials are of one of these kinds.
    Profile(&'static [ProfileKind]),
    WebIdentity,
    Container,
    Imds,
}

type Chain = &'static [ChainLink];

/// A profile, whatever its credentials are, and profiles of certain kinds.
const PROFILE: ChainLink = Profile(&[Keys, Role, ProfileKind::WebIdentity, Sso, Process]);
const KEYS: ChainLink = Profile(&[Keys]);
const ROLE: ChainLink = Profile(&[Role]);
const SSO: ChainLink = Profile(&[Sso]);
const PROCESS: ChainLink = Profile(&[Process]);
const JAVA_PROFILE: ChainLink = Profile(&[Keys, Role, Process]);
const NO_PROCESS: ChainLink = Profile(&[Sso, Keys, Role]);

const USUAL: Chain = &[Env, PROFILE, WebIdentity, Container, Imds];
const WEB_IDENTITY_FIRST: Chain = &[Env, WebIdentity, PROFILE, Container, Imds];
const BOTOCORE: Chain = &[Env, ROLE, WebIdentity, PROFILE, Container, Imds];
const JAVA_V1: Chain = &[Env, WebIdentity, JAVA_PROFILE, Container, Imds];
const JAVASCRIPT_V2: Chain = &[Env, NO_PROCESS, Container, PROCESS, WebIdentity, Imds];
const JAVASCRIPT_V3: Chain = &[EnvUnlessProfile, PROFILE, WebIdentity, Container, Imds];
const DOTNET: Chain = &[WebIdentity, PROFILE, Env, Container, Imds];
const CPP: Chain = &[Env, KEYS, PROCESS, WebIdentity, SSO, Container, Imds];

const RUST: &str = "Rust";

/// The SDKs: their chains, and how many milliseconds each looks for an IMDS that drops everything, where that has
/// been measured.
static SDKS: [(&str, Chain, Option<u64>); 13] = [
    (RUST, USUAL, None),
    ("Python (boto3)", BOTOCORE, Some(2500)),
    ("AWS CLI", BOTOCORE, Some(2500)),
    ("Java v1", JAVA_V1, None),
    ("Java v2", WEB_IDENTITY_FIRST, None),
    ("Go v1", WEB_IDENTITY_FIRST, None),
    ("Go v2", WEB_IDENTITY_FIRST, Some(5000)),
    ("JavaScript v2", JAVASCRIPT_V2, None),
    ("JavaScript v3", JAVASCRIPT_V3, Some(2200)),
    ("PHP", WEB_IDENTITY_FIRST, Some(7000)),
    (".NET v3", DOTNET, None),
    ("Ruby", WEB_IDENTITY_FIRST, None),
    ("C++", CPP, None),
];

/// What every SDK does here.
pub(crate) fn picks(examination: &Examination) -> Vec<SdkPick> {
    let metadata = examination.metadata.as_ref();
    let silent =
        metadata.is_some_and(|metadata| matches!(metadata.connect, ConnectOutcome::TimedOut(_)));
    // How long the Rust SDK waits has just been seen.
    let rust_waits = examination.link(Source::Imds).and_then(|imds| imds.elapsed);
    let pick = |&(sdk, chain, waits_ms): &(&'static str, Chain, Option<u64>)| {
        let link = chain.iter().find_map(|link| reached(*link, examination));
        let measured = waits_ms.map(Duration::from_millis);
        let waits = measured.or(rust_waits.filter(|_| sdk == RUST));
        let waits = waits.filter(|_| silent && link == Some(Source::Imds));
        SdkPick {
            sdk: sdk.to_owned(),
            link,
            fails: link.is_some_and(|link| examination.failure(link).is_some()),
            waits_s: waits.map(|waits| waits.as_secs_f64()),
        }
    };
    SDKS.iter().map(pick).collect()
}

/// The source that a link of a chain leads to, if something is configured for it.
fn reached(link: ChainLink, examination: &Examination) -> Option<Source> {
    let source = match link {
        EnvUnlessProfile if examination.variable("AWS_PROFILE").is_some() => return None,
        Env | EnvUnlessProfile => Source::Env,
        Profile(kinds) => {
            let kind = examination.profiles.kind();
            // A profile that cannot be read stops whoever asks for it.
            if kind.is_some_and(|kind| !kinds.contains(&kind)) {
                return None;
            }
            Source::Profile
        }
        WebIdentity => Source::WebIdentity,
        Container => Source::Container,
        Imds => Source::Imds,
    };
    let state = &examination.link(source)?.state;
    (!matches!(state, LinkState::Absent(_))).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::examination::{FetchedCredentials, Link};

    fn examination(links: &[Source]) -> Examination {
        let links = Source::CHAIN.map(|source| {
            let state = if links.contains(&source) {
                LinkState::Loaded(FetchedCredentials::default())
            } else {
                LinkState::Absent("not set".to_owned())
            };
            Link::new(source, state)
        });
        let mut examination = Examination {
            links: links.into(),
            ..Examination::default()
        };
        let profiles = &mut examination.profiles;
        profiles.selected = "default".to_owned();
        let keys = [("aws_access_key_id", "set".to_owned())];
        profiles.known.insert("default".to_owned(), keys.into());
        examination
    }

    fn picked(examination: &Examination, sdk: &str) -> Option<Source> {
        let picks = picks(examination);
        picks.iter().find(|pick| pick.sdk == sdk).unwrap().link
    }

    #[test]
    fn chains_differ_where_they_do() {
        let both = examination(&[Source::Profile, Source::WebIdentity]);
        assert_eq!(picked(&both, "Rust"), Some(Source::Profile));
        assert_eq!(picked(&both, "Go v2"), Some(Source::WebIdentity));
        let keys = examination(&[Source::Env, Source::Profile]);
        assert_eq!(picked(&keys, "Rust"), Some(Source::Env));
        assert_eq!(picked(&keys, ".NET v3"), Some(Source::Profile));
        let mut chosen = keys.clone();
        chosen
            .variables
            .insert("AWS_PROFILE".to_owned(), "default".to_owned());
        assert_eq!(picked(&chosen, "JavaScript v3"), Some(Source::Profile));
        assert_eq!(picked(&chosen, "Python (boto3)"), Some(Source::Env));
        assert_eq!(picked(&examination(&[]), "Ruby"), None);
    }
}

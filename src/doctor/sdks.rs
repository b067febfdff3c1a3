//! What SDKs in other languages would make of the same machine: their default chains, as data.
//!
//! The orders are those of the SDKs' own sources: which provider their default chain asks before which. A
//! chain is taken to end at the first link that something is configured for, which is where all of them
//! end unless that link says that it has nothing.

use std::time::Duration;

use super::examination::{Dial, Examination, LinkName, LinkState};
use super::profile::ProfileKind::{self, Keys, Process, Role, Sso, WebIdentity};

/// A step of a default chain.
#[derive(Clone, Copy, Debug)]
enum Step {
    Env,
    /// Left out where `AWS_PROFILE` is set.
    EnvUnlessProfile,
    /// A profile whose credentials are of one of these kinds.
    Profile(&'static [ProfileKind]),
    WebIdentity,
    Container,
    Imds,
}

/// The default chain of an SDK.
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    chain: &'static [Step],
    /// How long it looks for an IMDS that does not answer, where that has been measured.
    black_hole: Option<Duration>,
}

const ALL: &[ProfileKind] = &[Keys, Role, WebIdentity, Sso, Process];

const fn family(name: &'static str, chain: &'static [Step]) -> Family {
    Family {
        name,
        chain,
        black_hole: None,
    }
}

impl Family {
    const fn waiting(mut self, millis: u64) -> Self {
        self.black_hole = Some(Duration::from_millis(millis));
        self
    }
}

const USUAL: &[Step] = &[
    Step::Env,
    Step::Profile(ALL),
    Step::WebIdentity,
    Step::Container,
    Step::Imds,
];
const WEB_IDENTITY_FIRST: &[Step] = &[
    Step::Env,
    Step::WebIdentity,
    Step::Profile(ALL),
    Step::Container,
    Step::Imds,
];
const BOTOCORE: &[Step] = &[
    Step::Env,
    Step::Profile(&[Role]),
    Step::WebIdentity,
    Step::Profile(ALL),
    Step::Container,
    Step::Imds,
];

/// The families, with the waits measured against an IMDS that drops everything.
pub static FAMILIES: [Family; 13] = [
    family("Rust", USUAL),
    family("Python (boto3)", BOTOCORE).waiting(2500),
    family("AWS CLI", BOTOCORE).waiting(2500),
    family(
        "Java v1",
        &[
            Step::Env,
            Step::WebIdentity,
            Step::Profile(&[Keys, Role, Process]),
            Step::Container,
            Step::Imds,
        ],
    ),
    family("Java v2", WEB_IDENTITY_FIRST),
    family("Go v1", WEB_IDENTITY_FIRST),
    family("Go v2", WEB_IDENTITY_FIRST).waiting(5000),
    family(
        "JavaScript v2",
        &[
            Step::Env,
            Step::Profile(&[Sso, Keys, Role]),
            Step::Container,
            Step::Profile(&[Process]),
            Step::WebIdentity,
            Step::Imds,
        ],
    ),
    family(
        "JavaScript v3",
        &[
            Step::EnvUnlessProfile,
            Step::Profile(ALL),
            Step::WebIdentity,
            Step::Container,
            Step::Imds,
        ],
    )
    .waiting(2200),
    family("PHP", WEB_IDENTITY_FIRST).waiting(7000),
    family(
        ".NET v3",
        &[
            Step::WebIdentity,
            Step::Profile(ALL),
            Step::Env,
            Step::Container,
            Step::Imds,
        ],
    ),
    family("Ruby", WEB_IDENTITY_FIRST),
    family(
        "C++",
        &[
            Step::Env,
            Step::Profile(&[Keys]),
            Step::Profile(&[Process]),
            Step::WebIdentity,
            Step::Profile(&[Sso]),
            Step::Container,
            Step::Imds,
        ],
    ),
];

/// What an SDK does here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pick {
    pub family: &'static str,
    /// The link that its chain ends at.
    pub link: Option<LinkName>,
    /// Where that link gave no credentials.
    pub fails: bool,
    /// How long it waits in vain for an IMDS that does not answer; `None` where it does not wait or where
    /// that has not been measured.
    pub waits: Option<Duration>,
}

/// What every family does here.
#[must_use]
pub fn picks(examination: &Examination) -> Vec<Pick> {
    FAMILIES
        .iter()
        .map(|family| pick(family, examination))
        .collect()
}

fn pick(family: &Family, examination: &Examination) -> Pick {
    let link = family
        .chain
        .iter()
        .find_map(|step| reached(*step, examination));
    let fails = link.is_some_and(|link| examination.failure(link).is_some());
    let silent = examination
        .metadata
        .as_ref()
        .is_some_and(|metadata| matches!(metadata.dial, Dial::Silent(_)));
    let waits_for_imds = link == Some(LinkName::Imds) && silent;
    let own = || {
        let imds = examination.link(LinkName::Imds)?;
        imds.elapsed.filter(|_| family.name == "Rust")
    };
    Pick {
        family: family.name,
        link,
        fails,
        waits: if waits_for_imds {
            family.black_hole.or_else(own)
        } else {
            None
        },
    }
}

/// The link that a step leads to, if something is configured for it.
fn reached(step: Step, examination: &Examination) -> Option<LinkName> {
    let link = match step {
        Step::EnvUnlessProfile if examination.variable("AWS_PROFILE").is_some() => return None,
        Step::Env | Step::EnvUnlessProfile => LinkName::Env,
        Step::Profile(kinds) => {
            let kind = examination.profiles.kind();
            // A profile that cannot be read stops whoever asks for it.
            if kind.is_some_and(|kind| !kinds.contains(&kind)) {
                return None;
            }
            LinkName::Profile
        }
        Step::WebIdentity => LinkName::WebIdentity,
        Step::Container => LinkName::Container,
        Step::Imds => LinkName::Imds,
    };
    let state = &examination.link(link)?.state;
    (!matches!(state, LinkState::Absent(_))).then_some(link)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::doctor::examination::{Fetched, Link};

    fn examination(links: &[LinkName]) -> Examination {
        let links = LinkName::CHAIN.map(|name| Link {
            name,
            state: if links.contains(&name) {
                LinkState::Loaded(Fetched::default())
            } else {
                LinkState::Absent("not set".to_owned())
            },
            elapsed: None,
            throttled: 0,
            slowest: BTreeMap::new(),
        });
        let mut examination = Examination {
            links: links.into(),
            ..Examination::default()
        };
        examination.profiles.selected = "default".to_owned();
        let keys = [("aws_access_key_id", "set".to_owned())];
        examination
            .profiles
            .known
            .insert("default".to_owned(), keys.into());
        examination
    }

    fn picked(examination: &Examination, family: &str) -> Option<LinkName> {
        let picks = picks(examination);
        picks
            .iter()
            .find(|pick| pick.family == family)
            .unwrap()
            .link
    }

    #[test]
    fn chains_differ_where_they_do() {
        let both = examination(&[LinkName::Profile, LinkName::WebIdentity]);
        assert_eq!(picked(&both, "Rust"), Some(LinkName::Profile));
        assert_eq!(picked(&both, "Go v2"), Some(LinkName::WebIdentity));
        let keys = examination(&[LinkName::Env, LinkName::Profile]);
        assert_eq!(picked(&keys, "Rust"), Some(LinkName::Env));
        assert_eq!(picked(&keys, ".NET v3"), Some(LinkName::Profile));
        let mut chosen = keys.clone();
        chosen
            .variables
            .insert("AWS_PROFILE".to_owned(), "default".to_owned());
        assert_eq!(picked(&chosen, "JavaScript v3"), Some(LinkName::Profile));
        assert_eq!(picked(&chosen, "Python (boto3)"), Some(LinkName::Env));
        assert_eq!(picked(&examination(&[]), "Ruby"), None);
    }
}

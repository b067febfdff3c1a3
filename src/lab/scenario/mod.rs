//! The lab's behaviour as data: a TOML file, or one of the scenarios that the program brings.
//!
//! Every field is optional. A field that does not exist is an error, because a misspelt delay that
//! is silently ignored makes every figure of the run a lie. Nothing here knows a socket or a clock.

mod cloudmap;
mod decode;
mod decode_sources;
mod error;
mod reader;
mod sources;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub use cloudmap::{CloudMap, Servers};
pub(super) use decode::is_region;
pub use error::{ScenarioError, Unreadable};
pub use sources::{Container, Imds, ImdsV1, Listener, PacketBudget, ServiceClock, TokenFile};

use super::rules::Rules;

/// The Region of a scenario that names none.
pub const DEFAULT_REGION: &str = "eu-west-1";

const BUILTIN: [(&str, &str); 21] = [
    ("default", include_str!("../scenarios/default.toml")),
    ("expiry", include_str!("../scenarios/expiry.toml")),
    ("fast", include_str!("../scenarios/fast.toml")),
    (
        "imds-throttled",
        include_str!("../scenarios/imds-throttled.toml"),
    ),
    ("stalls", include_str!("../scenarios/stalls.toml")),
    ("clock-skew", include_str!("../scenarios/clock-skew.toml")),
    (
        "container-no-token",
        include_str!("../scenarios/container-no-token.toml"),
    ),
    (
        "container-token-newline",
        include_str!("../scenarios/container-token-newline.toml"),
    ),
    (
        "container-wrong-token",
        include_str!("../scenarios/container-wrong-token.toml"),
    ),
    ("ecs-agent", include_str!("../scenarios/ecs-agent.toml")),
    ("eks-agent", include_str!("../scenarios/eks-agent.toml")),
    (
        "imds-black-hole",
        include_str!("../scenarios/imds-black-hole.toml"),
    ),
    (
        "imds-disabled",
        include_str!("../scenarios/imds-disabled.toml"),
    ),
    (
        "imds-hop-limit",
        include_str!("../scenarios/imds-hop-limit.toml"),
    ),
    (
        "imds-no-role",
        include_str!("../scenarios/imds-no-role.toml"),
    ),
    (
        "imds-packets",
        include_str!("../scenarios/imds-packets.toml"),
    ),
    (
        "imds-refused",
        include_str!("../scenarios/imds-refused.toml"),
    ),
    ("imds-slow", include_str!("../scenarios/imds-slow.toml")),
    (
        "imds-v1-fallback",
        include_str!("../scenarios/imds-v1-fallback.toml"),
    ),
    (
        "imds-v1-only",
        include_str!("../scenarios/imds-v1-only.toml"),
    ),
    ("stampede", include_str!("../scenarios/stampede.toml")),
];

/// How the lab behaves.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The built-in name, or the file's path.
    pub name: String,
    /// What the scenario says of itself; printed with its results.
    pub about: Option<String>,
    /// The Region that the lab's clients are told to use.
    pub region: String,
    /// Everything random in the lab follows from it.
    pub seed: u64,
    pub credentials: Credentials,
    /// By which the services judge signatures and expiries, and date their answers.
    pub clock: ServiceClock,
    pub sts: Sts,
    pub imds: Imds,
    pub container: Container,
    pub s3: Rules,
    pub cloudmap: CloudMap,
}

/// What the lab's sources hand out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// From issue to expiry.
    pub lifetime: Duration,
    /// How long before expiry IMDS and the container endpoint hand out new ones. The default is a
    /// sixth of the lifetime, but never under 15 seconds (an SDK takes credentials with less than
    /// 10 seconds left for expired, and would ask again at every call) nor over half the lifetime.
    pub renew_before: Duration,
}

impl Credentials {
    /// The default for [`Credentials::renew_before`].
    #[must_use]
    pub fn usual_renewal(lifetime: Duration) -> Duration {
        (lifetime / 6)
            .max(Duration::from_secs(15))
            .min(lifetime / 2)
    }
}

/// The rules of the STS endpoints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sts {
    /// `sts.amazonaws.com`.
    pub global: Rules,
    /// Every Region's own endpoint, each with a throttle of its own.
    pub regional: Rules,
    /// One Region; where it says nothing, [`Sts::regional`] holds.
    pub regions: BTreeMap<String, Rules>,
}

impl Sts {
    /// The rules of one Region's endpoint.
    #[must_use]
    pub fn of(&self, region: &str) -> Rules {
        let own = self.regions.get(region).copied().unwrap_or_default();
        own.over(self.regional)
    }
}

impl Scenario {
    /// The names of the scenarios that the program brings.
    #[must_use]
    pub fn builtin_names() -> Vec<&'static str> {
        BUILTIN.iter().map(|(name, _)| *name).collect()
    }

    /// The built-in scenario of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let (name, text) = BUILTIN.iter().find(|(known, _)| *known == name)?;
        // A test parses every one of them.
        Self::parse(text, name).ok()
    }

    /// A built-in scenario by name, or else the file at this path.
    pub fn load(name_or_path: &str) -> Result<Self, ScenarioError> {
        if let Some(scenario) = Self::builtin(name_or_path) {
            return Ok(scenario);
        }
        let path = Path::new(name_or_path);
        let looks_like_a_path = path.components().count() > 1 || path.extension().is_some();
        match std::fs::read(path) {
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Self::parse(&text, name_or_path),
                Err(_) => Err(ScenarioError::unreadable(name_or_path, Unreadable::NotText)),
            },
            Err(source) if source.kind() == std::io::ErrorKind::NotFound && !looks_like_a_path => {
                Err(ScenarioError::unknown_name(
                    name_or_path,
                    &Self::builtin_names(),
                ))
            }
            Err(source) => Err(ScenarioError::unreadable(
                name_or_path,
                Unreadable::Io(source),
            )),
        }
    }

    /// A scenario from TOML. `origin` is its name in errors and results.
    pub fn parse(toml: &str, origin: &str) -> Result<Self, ScenarioError> {
        decode::scenario(toml, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_builtin_scenario_parses_and_says_what_it_is() {
        for name in Scenario::builtin_names() {
            let scenario = Scenario::load(name).unwrap();
            assert_eq!(scenario.name, name);
            assert!(scenario.about.is_some(), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_lists_the_builtin_ones_and_suggests_the_nearest() {
        let error = Scenario::load("defualt").unwrap_err().to_string();
        assert!(error.contains("did you mean `default`"), "{error}");
        assert!(error.contains("imds-throttled"), "{error}");
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = Scenario::load("./no-such.toml").unwrap_err();
        assert!(error.to_string().contains("./no-such.toml"), "{error}");
    }

    #[test]
    fn a_directory_is_an_error() {
        assert!(matches!(
            Scenario::load("/"),
            Err(ScenarioError::Unreadable { .. })
        ));
    }

    #[test]
    fn short_lives_are_renewed_while_an_sdk_still_trusts_them() {
        let renewal = |secs| Credentials::usual_renewal(Duration::from_secs(secs)).as_secs();
        assert_eq!(renewal(3600), 600);
        assert_eq!(renewal(60), 15);
        assert_eq!(renewal(20), 10);
    }
}

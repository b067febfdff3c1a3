//! The lab's behaviour as data: a TOML file, or one of the scenarios that the program brings.
//!
//! Every field is optional. A field that does not exist is an error, because a misspelt delay that
//! is silently ignored makes every figure of the run a lie. Nothing here knows a socket or a clock.
//!
//! The types are read by serde through a [`deserializer`] that knows where in the file a field stands. To add a
//! field, add it to its type, with its default and, where not every value will do, a `deserialize_with` that
//! says what it should be; then let the lab act on it.

mod cloudmap;
mod deserializer;
mod error;
mod fields;
mod rules;
mod sources;
mod sts;
#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind};
use std::path::Path;

use serde::Deserialize;
use serde::de::Deserializer;

pub use cloudmap::{CloudMap, Servers};
pub use error::ScenarioError;
use error::did_you_mean;
pub use rules::{Delay, Fault, FaultKind, Refusal, Rules, Stall, Throttle};
pub use sources::{Container, Credentials, Imds, ImdsV1, Listener, ServiceClock, TokenFile};
pub use sts::Sts;
pub(super) use sts::is_region;

use super::exported_source::ExportedSource;
use fields::{checked, parsed};

/// The Region of a scenario that names none.
pub const DEFAULT_REGION: &str = "eu-west-1";

/// Pairs of a scenario's name and its text.
macro_rules! builtin {
    ($($name:literal,)*) => {
        [$(($name, include_str!(concat!("../scenarios/", $name, ".toml")))),*]
    };
}

const BUILTIN: [(&str, &str); 21] = builtin![
    "default",
    "expiry",
    "fast",
    "imds-throttled",
    "stalls",
    "clock-skew",
    "container-no-token",
    "container-token-newline",
    "container-wrong-token",
    "ecs-agent",
    "eks-agent",
    "imds-black-hole",
    "imds-disabled",
    "imds-hop-limit",
    "imds-no-role",
    "imds-packets",
    "imds-refused",
    "imds-slow",
    "imds-v1-fallback",
    "imds-v1-only",
    "stampede",
];

/// How the lab behaves.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scenario {
    /// The built-in name, or the file's path.
    #[serde(skip)]
    pub name: String,
    /// What the scenario says of itself; printed with its results.
    #[serde(deserialize_with = "about")]
    pub about: Option<String>,
    /// Everything random in the lab follows from it.
    #[serde(deserialize_with = "seed")]
    pub seed: u64,
    /// The Region that the lab's clients are told to use.
    #[serde(deserialize_with = "region")]
    pub region: String,
    /// Where clients find their credentials, if the scenario is about one source.
    #[serde(deserialize_with = "source")]
    pub source: Option<ExportedSource>,
    pub credentials: Credentials,
    pub sts: Sts,
    pub imds: Imds,
    /// By which the services judge signatures and expiries, and date their answers.
    #[serde(deserialize_with = "sources::clock")]
    pub clock: ServiceClock,
    pub container: Container,
    pub s3: Rules,
    pub cloudmap: CloudMap,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            name: String::new(),
            about: None,
            seed: 1,
            region: DEFAULT_REGION.to_owned(),
            source: None,
            credentials: Credentials::default(),
            sts: Sts::default(),
            imds: Imds::default(),
            clock: ServiceClock::default(),
            container: Container::default(),
            s3: Rules::default(),
            cloudmap: CloudMap::default(),
        }
    }
}

fn about<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let trimmed = |text: &str| Some(text.trim().to_owned());
    parsed(deserializer, trimmed, "a sentence in quotes").map(Some)
}

fn seed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    const WHOLE: &str = "a seed is a whole number, such as 1";
    checked(deserializer, |_| true, WHOLE)
}

fn region<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    const NAME: &str = "a Region is a name such as \"eu-west-1\"";
    checked(deserializer, |name: &String| is_region(name), NAME)
}

fn source<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<ExportedSource>, D::Error> {
    let names = ExportedSource::ALL.map(|(_, name)| name).join(", ");
    let expected = format!("a source is one of {names}");
    parsed(deserializer, ExportedSource::named, &expected).map(Some)
}

impl Scenario {
    /// The names of the scenarios that the program brings.
    #[must_use]
    pub fn builtin_names() -> Vec<&'static str> {
        BUILTIN.iter().map(|(name, _)| *name).collect()
    }

    /// The first sentence of what the scenario says of itself.
    #[must_use]
    pub fn summary(&self) -> &str {
        let about = self.about.as_deref().unwrap_or_default();
        about.find(". ").map_or(about, |end| &about[..=end])
    }

    /// The built-in scenario of this name.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let (name, text) = BUILTIN.iter().find(|(known, _)| *known == name)?;
        // A test parses every one of them.
        Self::parse(text, name).ok()
    }

    /// A built-in scenario by name, or else the file at this path.
    ///
    /// # Errors
    ///
    /// If there is no such scenario or file, or the file cannot be read, or as [`Scenario::parse`].
    pub fn load(name_or_path: &str) -> Result<Self, ScenarioError> {
        if let Some(scenario) = Self::builtin(name_or_path) {
            return Ok(scenario);
        }
        let path = Path::new(name_or_path);
        let looks_like_a_path = path.components().count() > 1 || path.extension().is_some();
        let text =
            |bytes| String::from_utf8(bytes).map_err(|_| io::Error::other("it is not UTF-8 text"));
        let origin = name_or_path.to_owned();
        match std::fs::read(path).and_then(text) {
            Ok(text) => Self::parse(&text, name_or_path),
            Err(source) if source.kind() == ErrorKind::NotFound && !looks_like_a_path => {
                let known = Self::builtin_names();
                let nearest = did_you_mean(name_or_path, &known);
                Err(ScenarioError::UnknownName {
                    name: origin,
                    nearest,
                })
            }
            Err(source) => Err(ScenarioError::Unreadable { origin, source }),
        }
    }

    /// A scenario from TOML. `origin` is its name in errors and results.
    ///
    /// # Errors
    ///
    /// If the text is not TOML, has a field that is not known, or a value that cannot be.
    pub fn parse(toml: &str, origin: &str) -> Result<Self, ScenarioError> {
        let scenario = deserializer::from_toml(toml, origin)?;
        Ok(Self {
            name: origin.to_owned(),
            ..scenario
        })
    }
}

//! The sources a user can name, each as a narrowed environment for the SDK's default chain.

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, ConfigLoader};
use aws_types::os_shim_internal::Env;
use serde::{Deserialize, Serialize};

/// Environment variables, as the SDK is to see them.
pub type Variables = BTreeMap<String, String>;

/// Where credentials come from. Serialised by [`name`](Self::name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Source {
    /// Whatever the default chain finds, resolved once before measuring and then held
    Static,
    /// `AWS_ACCESS_KEY_ID` and its companions
    Env,
    /// The profile in the shared configuration files
    Profile,
    /// A web identity token file, as EKS service accounts have
    WebIdentity,
    /// `AssumeRole` with whatever the default chain finds, or a profile's `role_arn`
    AssumeRole,
    /// The container credentials endpoint of ECS and EKS Pod Identity
    Container,
    /// The EC2 instance metadata service
    Imds,
    /// The SDK's default chain, as it is
    Chain,
}

/// Each source's name and, for a link of the chain, the variables that lead to it; in the order of the sources.
const TABLE: [(&str, &[&str]); 8] = [
    ("static", &[]),
    ("env", &KEYS),
    ("profile", &PROFILES),
    ("web-identity", &["AWS_WEB_IDENTITY_TOKEN_FILE"]),
    ("assume-role", &[]),
    ("container", &CONTAINER_URIS),
    ("imds", &[]),
    ("chain", &[]),
];

const KEYS: [&str; 4] = [
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SECRET_ACCESS_KEY",
];
const PROFILES: [&str; 2] = ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"];
const CONTAINER_URIS: [&str; 2] = [
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
const PROFILE_FILES: [&str; 2] = ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];
const IMDS_DISABLED: &str = "AWS_EC2_METADATA_DISABLED";

impl Source {
    /// The links of the SDK's default chain, in the order in which it asks them.
    pub const CHAIN: [Self; 5] = [
        Self::Env,
        Self::Profile,
        Self::WebIdentity,
        Self::Container,
        Self::Imds,
    ];

    /// The name that the command line and the result document use.
    pub(crate) fn name(self) -> &'static str {
        TABLE[self as usize].0
    }

    /// Whether the shared configuration files have a say.
    pub(crate) fn reads_profiles(self) -> bool {
        matches!(
            self,
            Self::Static | Self::Profile | Self::AssumeRole | Self::Chain
        )
    }

    /// Whether the credentials come from an STS endpoint, or may.
    pub(crate) fn may_ask_sts(self) -> bool {
        self == Self::WebIdentity || self.reads_profiles()
    }

    /// The variables that lead to it, if it is a link of the chain.
    fn variables(self) -> &'static [&'static str] {
        TABLE[self as usize].1
    }

    /// The source that the place where a program runs offers by itself: a pod's or function's web identity, a
    /// container's endpoint, or else the instance's metadata. It is told by what is set, not by what answers: a
    /// source that fails must not make a program change its identity.
    pub(crate) fn ambient(variables: &Variables) -> Self {
        let set = |name: &&str| variable(variables, name).is_some();
        let offered = |source: &Self| source.variables().iter().any(set);
        let sources = [Self::WebIdentity, Self::Container];
        sources.into_iter().find(offered).unwrap_or(Self::Imds)
    }

    /// `variables` without those that would let the default chain end at another link than this one.
    pub(crate) fn narrow(self, variables: &Variables) -> Variables {
        let mut narrowed = variables.clone();
        if !Self::CHAIN.contains(&self) {
            return narrowed;
        }
        for other in Self::CHAIN.into_iter().filter(|&link| link != self) {
            narrowed.retain(|name, _| !other.variables().contains(&name.as_str()));
        }
        if !self.reads_profiles() {
            // An empty file: a missing one would be reported, and the default one would be read.
            let empty = PROFILE_FILES.map(|name| (name.to_owned(), "/dev/null".to_owned()));
            narrowed.extend(empty);
        }
        if self == Self::Imds {
            narrowed.remove(IMDS_DISABLED);
        } else {
            narrowed.insert(IMDS_DISABLED.to_owned(), "true".to_owned());
        }
        narrowed
    }
}

/// A variable that is set to something.
pub(crate) fn variable<'a>(variables: &'a Variables, name: &str) -> Option<&'a str> {
    let value = variables.get(name)?;
    (!value.is_empty()).then_some(value)
}

/// A loader that sees `variables` instead of the process's environment.
pub(crate) fn loader(variables: &Variables) -> ConfigLoader {
    let pairs = variables.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let environment = Env::from_slice(&pairs.collect::<Vec<_>>());
    aws_config::defaults(BehaviorVersion::latest()).env(environment)
}

/// For tests.
#[cfg(test)]
pub(super) fn variables(pairs: &[(&str, &str)]) -> Variables {
    let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
    pairs.iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;

    fn everything() -> Variables {
        let names = [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_ROLE_ARN",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_REGION",
        ];
        variables(&names.map(|name| (name, "x")))
    }

    #[test]
    fn the_table_has_a_row_for_every_source_in_order() {
        assert_eq!(Source::value_variants().len(), TABLE.len());
        for source in Source::value_variants() {
            let value = source.to_possible_value().expect("none is hidden");
            assert_eq!(value.get_name(), source.name());
            let text = serde_json::to_string(source).expect("text");
            assert_eq!(text, format!("\"{}\"", source.name()));
        }
    }

    #[test]
    fn the_chain_sees_everything() {
        assert_eq!(Source::Chain.narrow(&everything()), everything());
    }

    #[test]
    fn the_ambient_source_is_the_first_that_is_set_up() {
        let mut variables = everything();
        assert_eq!(Source::ambient(&variables), Source::WebIdentity);
        variables.remove("AWS_WEB_IDENTITY_TOKEN_FILE");
        assert_eq!(Source::ambient(&variables), Source::Container);
        variables.insert("AWS_CONTAINER_CREDENTIALS_FULL_URI".into(), String::new());
        assert_eq!(Source::ambient(&variables), Source::Imds);
    }

    #[test]
    fn imds_is_left_no_link_before_it() {
        let narrowed = Source::Imds.narrow(&everything());
        for gone in [
            "AWS_ACCESS_KEY_ID",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ] {
            assert!(!narrowed.contains_key(gone), "{gone}");
        }
        assert!(narrowed.contains_key("AWS_REGION"));
        assert!(!narrowed.contains_key("AWS_EC2_METADATA_DISABLED"));
    }

    #[test]
    fn every_other_single_source_switches_imds_off() {
        for source in [
            Source::Env,
            Source::Profile,
            Source::WebIdentity,
            Source::Container,
        ] {
            let narrowed = source.narrow(&everything());
            assert_eq!(narrowed["AWS_EC2_METADATA_DISABLED"], "true", "{source:?}");
        }
    }
}

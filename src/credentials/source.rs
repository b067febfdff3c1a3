//! The sources a user can name, each as a narrowed environment for the SDK's default chain.

use std::collections::BTreeMap;

use aws_config::sts::AssumeRoleProvider;
use aws_config::{BehaviorVersion, ConfigLoader, Region};
use aws_credential_types::provider::{
    ProvideCredentials, SharedCredentialsProvider, error::CredentialsError,
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::SdkConfig;
use aws_types::os_shim_internal::Env;

use crate::clock;

/// Environment variables, as the SDK is to see them.
pub type Variables = BTreeMap<String, String>;

/// Where credentials come from.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
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

const STATIC_KEYS: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "SECRET_ACCESS_KEY",
];
const WEB_IDENTITY: &[&str] = &["AWS_WEB_IDENTITY_TOKEN_FILE"];
const CONTAINER: &[&str] = &[
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
];
const PROFILE_FILES: &[&str] = &["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"];

impl Source {
    /// The name that the command line and the result document use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::Env => "env",
            Self::Profile => "profile",
            Self::WebIdentity => "web-identity",
            Self::AssumeRole => "assume-role",
            Self::Container => "container",
            Self::Imds => "imds",
            Self::Chain => "chain",
        }
    }

    /// The source that the place where a program runs offers by itself: a pod's or function's web identity, a
    /// container's endpoint, or else the instance's metadata. It is told by what is set, not by what answers: a
    /// source that fails must not make a program change its identity.
    #[must_use]
    pub fn ambient(variables: &Variables) -> Self {
        let set = |names: &[&str]| {
            let mut names = names.iter();
            names.any(|&name| variables.get(name).is_some_and(|value| !value.is_empty()))
        };
        if set(WEB_IDENTITY) {
            Self::WebIdentity
        } else if set(CONTAINER) {
            Self::Container
        } else {
            Self::Imds
        }
    }

    /// Whether the shared configuration files have a say.
    #[must_use]
    pub fn reads_profiles(self) -> bool {
        matches!(
            self,
            Self::Static | Self::Profile | Self::AssumeRole | Self::Chain
        )
    }

    /// `variables` without those that would let the default chain end at another link than this one.
    #[must_use]
    pub fn narrow(self, variables: &Variables) -> Variables {
        let keeps_keys = matches!(
            self,
            Self::Static | Self::Env | Self::AssumeRole | Self::Chain
        );
        let keeps_profile = self.reads_profiles();
        let keeps_token = matches!(
            self,
            Self::Static | Self::WebIdentity | Self::AssumeRole | Self::Chain
        );
        let keeps_container = matches!(
            self,
            Self::Static | Self::Container | Self::AssumeRole | Self::Chain
        );
        let keeps_imds = matches!(
            self,
            Self::Static | Self::Imds | Self::AssumeRole | Self::Chain
        );
        let mut narrowed = variables.clone();
        let mut drop = |names: &[&str], keep: bool| {
            if !keep {
                narrowed.retain(|name, _| !names.contains(&name.as_str()));
            }
        };
        drop(STATIC_KEYS, keeps_keys);
        drop(WEB_IDENTITY, keeps_token);
        drop(CONTAINER, keeps_container);
        drop(&["AWS_PROFILE", "AWS_DEFAULT_PROFILE"], keeps_profile);
        if !keeps_profile {
            // An empty file: a missing one would be reported, and the default one would be read.
            narrowed.extend(
                PROFILE_FILES
                    .iter()
                    .map(|&name| (name.to_owned(), "/dev/null".to_owned())),
            );
        }
        if !keeps_imds {
            narrowed.insert("AWS_EC2_METADATA_DISABLED".to_owned(), "true".to_owned());
        } else if self == Self::Imds {
            narrowed.remove("AWS_EC2_METADATA_DISABLED");
        }
        narrowed
    }

    /// A provider that has fetched nothing yet (but for [`Static`](Self::Static), which fetches here).
    ///
    /// `http` carries the provider's own requests. Without a Region it is the one that the SDK finds for itself,
    /// which may ask the instance's metadata. `role_arn` is for [`AssumeRole`](Self::AssumeRole);
    /// without it, the profile's `role_arn` is used.
    pub async fn provider(
        self,
        variables: &Variables,
        profile: Option<&str>,
        region: Option<Region>,
        role_arn: Option<&str>,
        http: SharedHttpClient,
    ) -> Result<SharedCredentialsProvider, CredentialsError> {
        let narrowed = match (self, role_arn) {
            (Self::AssumeRole, None) => Self::Profile.narrow(variables),
            _ => self.narrow(variables),
        };
        let sdk = load(
            &narrowed,
            profile.filter(|_| self.reads_profiles()),
            region,
            http,
        )
        .await;
        let chain = sdk
            .credentials_provider()
            .ok_or_else(|| CredentialsError::not_loaded("no provider"))?;
        match (self, role_arn) {
            (Self::Static, _) => Ok(SharedCredentialsProvider::new(
                chain.provide_credentials().await?,
            )),
            (Self::AssumeRole, Some(arn)) => {
                let role = AssumeRoleProvider::builder(arn)
                    .session_name("awscreds-bench")
                    .configure(&sdk);
                Ok(SharedCredentialsProvider::new(
                    role.build_from_provider(chain).await,
                ))
            }
            _ => Ok(chain),
        }
    }
}

/// The SDK's configuration as `variables` and the files that they name give it.
async fn load(
    variables: &Variables,
    profile: Option<&str>,
    region: Option<Region>,
    http: SharedHttpClient,
) -> SdkConfig {
    let mut loader = loader(variables).http_client(http);
    if let Some(region) = region {
        loader = loader.region(region);
    }
    if let Some(profile) = profile {
        loader = loader.profile_name(profile);
    }
    loader.load().await
}

/// A loader that sees `variables` instead of the process's environment.
pub(crate) fn loader(variables: &Variables) -> ConfigLoader {
    let pairs: Vec<(&str, &str)> = variables
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect();
    aws_config::defaults(BehaviorVersion::latest())
        .env(Env::from_slice(&pairs))
        .time_source(clock::Monotonic)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> Variables {
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_PROFILE",
            "AWS_WEB_IDENTITY_TOKEN_FILE",
            "AWS_ROLE_ARN",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI",
            "AWS_EC2_METADATA_SERVICE_ENDPOINT",
            "AWS_REGION",
        ]
        .map(|name| (name.to_owned(), "x".to_owned()))
        .into()
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
            assert_eq!(
                source.narrow(&everything())["AWS_EC2_METADATA_DISABLED"],
                "true",
                "{source:?}"
            );
        }
    }
}

//! A source with everything that decides whose credentials it hands out.

use aws_config::sts::AssumeRoleProvider;
use aws_config::{Region, SdkConfig};
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::guarded::Guarded;
use super::learning::{self, Learning};
use super::metadata_endpoint::{METADATA_ENDPOINT, metadata_endpoint};
use super::process::ProcessProvider;
use super::profiles::{ProcessChain, metadata, process_chain, profiles, usual};
use super::source::{Source, Variables, loader, variable};
use crate::strategies::CacheKey;

/// Variables that are in every SDK's environment and say nothing about whose credentials it gets.
const NEUTRAL: &[&str] = &[
    "AWS_CA_BUNDLE",
    "AWS_DEFAULT_OUTPUT",
    "AWS_EXECUTION_ENV",
    "AWS_MAX_ATTEMPTS",
    "AWS_PAGER",
    "AWS_RETRY_MODE",
    // The key ID beside them says whose they are.
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
];

/// What the names of variables begin with that decide nothing where STS is not asked.
const ENDPOINTS: &[&str] = &["AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"];

/// What the user named, in the environment that the SDK is to see.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct NamedSource {
    pub source: Source,
    /// Which may hold secrets, and go nowhere.
    #[serde(skip)]
    pub variables: Variables,
    pub profile: Option<String>,
    pub region: Option<String>,
    pub role_arn: Option<String>,
}

impl NamedSource {
    /// The key of its credentials: the source, the account's, role's and profile's names, endpoints, what the
    /// configuration files say, and this host, as instances may share a home and have different roles.
    pub(crate) fn key(&self) -> CacheKey {
        let mut parts = vec![
            ("source", self.source.name().as_bytes().to_vec()),
            (
                "host",
                rustix::system::uname().nodename().to_bytes().to_vec(),
            ),
        ];
        let mut option = |name, value: &Option<String>| {
            if let Some(value) = value {
                parts.push((name, value.clone().into_bytes()));
            }
        };
        option("profile", &self.profile);
        option("role", &self.role_arn);
        if self.source.may_ask_sts() {
            option("region", &self.region);
        }
        let told = variable(&self.variables, METADATA_ENDPOINT).is_some();
        let by_profile = self.source == Source::Imds && !told;
        // The mode's name begins like this, too.
        let by_profile = by_profile && self.is_configured("ec2_metadata_service_endpoint");
        if by_profile && self.profile.is_none() {
            parts.push(("profile", usual(&self.variables).as_bytes().to_vec()));
        }
        if self.source.reads_profiles() || by_profile {
            for (name, path) in self.configuration() {
                parts.push((name, path.clone().into_bytes()));
                // Whoever edits a profile means the next call to see it. A file that is not there is empty.
                parts.push((name, std::fs::read(path).unwrap_or_default()));
            }
        }
        let narrowed = self.source.narrow(&self.variables);
        let deciding = narrowed.iter().filter(|(name, _)| self.decides(name));
        let variables = deciding.map(|(name, value)| (name.as_str(), value.clone().into_bytes()));
        CacheKey::of(parts.into_iter().chain(variables))
    }

    /// What is to be done once, before credentials are asked for: tells what the source is given that is secret, and
    /// finds the profile, which may say where instance metadata is.
    ///
    /// # Errors
    ///
    /// If there is no profile of the name that the user gave.
    pub async fn prepare(&mut self) -> Result<(), UnknownProfile> {
        let files = self.configuration();
        let files = files.iter().map(|(_, path)| path.as_str());
        learning::learn_what_is_given(&self.variables, files);
        // A mode that is set goes after an endpoint, the profile's too.
        let told = variable(&self.variables, METADATA_ENDPOINT).is_some();
        if self.profile.is_none() && (self.source != Source::Imds || told) {
            return Ok(());
        }
        // What is wrong with the files is told by whoever needs what is in them.
        let Ok(profiles) = profiles(&self.variables).await else {
            return Ok(());
        };
        let name = self.profile.as_deref();
        let profile = profiles.get_profile(name.unwrap_or(usual(&self.variables)));
        match (profile, name) {
            (None, Some(name)) => return Err(UnknownProfile(name.to_owned())),
            (Some(profile), _) if self.source == Source::Imds && !told => {
                // The narrowed environment shows no profile.
                let endpoint = metadata_endpoint(&self.variables, metadata(profile));
                self.variables
                    .insert(METADATA_ENDPOINT.to_owned(), endpoint);
            }
            _ => (),
        }
        Ok(())
    }

    /// A provider that has fetched nothing yet (but for [`Source::Static`], which fetches here).
    ///
    /// `http` carries the provider's own requests. Without a Region it is the one that the SDK finds for itself, which
    /// may ask the instance's metadata. The role is for [`Source::AssumeRole`]; without it, the profile's `role_arn`
    /// is used.
    ///
    /// # Errors
    ///
    /// Only of a source that fetches here.
    pub async fn provider(
        &self,
        http: SharedHttpClient,
    ) -> Result<SharedCredentialsProvider, CredentialsError> {
        let link = match (self.source, &self.role_arn) {
            (Source::AssumeRole, None) => Source::Profile,
            (source, _) => source,
        };
        let http = learning::overheard(http);
        let mut loader = loader(&link.narrow(&self.variables)).http_client(http);
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        } else if !self.source.may_ask_sts() {
            // Where the Region is not used, the SDK must not go and ask instance metadata for it.
            loader = loader.region(Region::from_static("aws-global"));
        }
        if let Some(profile) = &self.profile
            && self.source.reads_profiles()
        {
            loader = loader.profile_name(profile);
        }
        let sdk = loader.load().await;
        let chain = match self.process(&link.narrow(&self.variables)).await {
            Some(process) => from_process(process, &sdk).await,
            None => sdk
                .credentials_provider()
                .ok_or_else(|| CredentialsError::not_loaded("no provider"))?,
        };
        let chain = SharedCredentialsProvider::new(Learning(chain));
        let provider = match (self.source, &self.role_arn) {
            (Source::AssumeRole, Some(arn)) => {
                let role = AssumeRoleProvider::builder(arn)
                    .session_name("awscreds-bench")
                    .configure(&sdk);
                let role = SharedCredentialsProvider::new(role.build_from_provider(chain).await);
                SharedCredentialsProvider::new(Learning(role))
            }
            _ => chain,
        };
        let source = self.source.name();
        let guarded = SharedCredentialsProvider::new(Guarded { provider, source });
        Ok(match self.source {
            Source::Static => SharedCredentialsProvider::new(guarded.provide_credentials().await?),
            _ => guarded,
        })
    }

    /// The `credential_process` that the chain of these variables ends at, if it does.
    async fn process(&self, variables: &Variables) -> Option<ProcessChain> {
        let keys = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];
        let by_keys = keys.iter().all(|name| variable(variables, name).is_some());
        if by_keys || !self.source.reads_profiles() {
            return None;
        }
        // Most have none, and whoever fetches anew each time would read all of this each time.
        if !self.is_configured("credential_process") {
            return None;
        }
        let selected = self.profile.as_deref().unwrap_or(usual(variables));
        process_chain(&profiles(variables).await.ok()?, selected)
    }

    /// Whether it is only ever asked over plain HTTP, so that no certificates are needed.
    pub(crate) fn is_plain(&self) -> bool {
        let full = self.variables.get("AWS_CONTAINER_CREDENTIALS_FULL_URI");
        match self.source {
            Source::Imds | Source::Env => true,
            Source::Container => full.is_none_or(|uri| !uri.starts_with("https:")),
            _ => false,
        }
    }

    fn decides(&self, name: &str) -> bool {
        name.starts_with("AWS_")
            && !NEUTRAL.contains(&name)
            && (self.source.may_ask_sts() || !ENDPOINTS.iter().any(|other| name.starts_with(other)))
    }

    /// Whether the shared configuration files name this setting anywhere.
    fn is_configured(&self, setting: &str) -> bool {
        let files = self.configuration().into_iter();
        let mut texts = files.filter_map(|(_, path)| std::fs::read_to_string(path).ok());
        texts.any(|text| text.contains(setting))
    }

    /// The shared configuration files, wherever the SDK would look for them.
    fn configuration(&self) -> [(&'static str, String); 2] {
        let home = self.variables.get("HOME").map_or("", String::as_str);
        let path = |name: &str, usual: &str| {
            let named = self.variables.get(name).cloned();
            named.unwrap_or_else(|| format!("{home}/.aws/{usual}"))
        };
        [
            ("config", path("AWS_CONFIG_FILE", "config")),
            (
                "credentials",
                path("AWS_SHARED_CREDENTIALS_FILE", "credentials"),
            ),
        ]
    }
}

/// The process's credentials, or those of the last of the roles that are assumed with them.
async fn from_process(mut chain: ProcessChain, sdk: &SdkConfig) -> SharedCredentialsProvider {
    let roles = std::mem::take(&mut chain.roles);
    let mut provider = SharedCredentialsProvider::new(ProcessProvider(chain));
    for role in roles {
        let session_name = role.session_name.as_deref().unwrap_or("awscreds-bench");
        let mut builder = AssumeRoleProvider::builder(role.arn).session_name(session_name);
        if let Some(id) = role.external_id {
            builder = builder.external_id(id);
        }
        let base = SharedCredentialsProvider::new(Learning(provider));
        let role = builder.configure(sdk).build_from_provider(base).await;
        provider = SharedCredentialsProvider::new(role);
    }
    provider
}

/// There is no profile of this name.
#[derive(Debug, thiserror::Error)]
#[error("there is no profile `{0}` in the shared AWS configuration files")]
pub struct UnknownProfile(String);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::metadata_endpoint::METADATA_ENDPOINT;
    use crate::credentials::source::variables;

    const ROLE: &str = "arn:aws:iam::1:role/a";

    fn named(source: Source, pairs: &[(&str, &str)]) -> NamedSource {
        NamedSource {
            source,
            variables: variables(pairs),
            profile: None,
            region: None,
            role_arn: None,
        }
    }

    #[test]
    fn what_decides_the_identity_decides_the_key() {
        let plain = named(Source::Imds, &[]).key();
        let differing = [
            named(Source::Container, &[]),
            named(Source::Imds, &[(METADATA_ENDPOINT, "http://a")]),
            named(Source::Chain, &[]),
            named(Source::Chain, &[("AWS_ACCESS_KEY_ID", "AKIA")]),
            named(Source::Chain, &[("AWS_REGION", "eu-west-1")]),
            named(Source::WebIdentity, &[("AWS_ROLE_ARN", ROLE)]),
            named(
                Source::WebIdentity,
                &[("AWS_ROLE_ARN", "arn:aws:iam::1:role/b")],
            ),
            NamedSource {
                role_arn: Some(ROLE.into()),
                ..named(Source::AssumeRole, &[])
            },
            NamedSource {
                profile: Some("a".into()),
                ..named(Source::Profile, &[])
            },
        ];
        let mut keys = vec![plain];
        keys.extend(differing.iter().map(NamedSource::key));
        for (n, key) in keys.iter().enumerate() {
            assert!(!keys[..n].contains(key), "{n}");
        }
    }

    #[test]
    fn what_decides_nothing_shares_the_key() {
        let plain = named(Source::Imds, &[]).key();
        for (name, value) in [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_PROFILE", "the-one-that-names-us"),
            ("AWS_PAGER", "less"),
            ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
            ("AWS_ACCESS_KEY_ID", "of another source"),
            ("PATH", "/bin"),
        ] {
            assert_eq!(named(Source::Imds, &[(name, value)]).key(), plain, "{name}");
        }
    }

    #[test]
    fn an_edited_profile_is_another_identity() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let path = file.to_str().expect("text").to_owned();
        let source = named(Source::Profile, &[("AWS_CONFIG_FILE", &path)]);
        let before = source.key();
        std::fs::write(&file, "[default]\nrole_arn = arn:aws:iam::1:role/a\n").expect("written");
        assert_ne!(source.key(), before);
    }

    #[test]
    fn metadata_of_different_profiles_is_not_the_same() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        let path = file.to_str().expect("text").to_owned();
        let text = "[profile a]\nec2_metadata_service_endpoint = http://a\n\
                    [profile b]\nec2_metadata_service_endpoint = http://b\n";
        std::fs::write(&file, text).expect("written");
        let key = |profile| {
            let pairs = [("AWS_CONFIG_FILE", path.as_str()), ("AWS_PROFILE", profile)];
            named(Source::Imds, &pairs).key()
        };
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn certificates_are_needed_for_https_only() {
        let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        assert!(named(Source::Imds, &[]).is_plain());
        assert!(named(Source::Container, &[(full, "http://169.254.170.23/v1")]).is_plain());
        assert!(!named(Source::Container, &[(full, "https://agent/v1")]).is_plain());
        assert!(!named(Source::WebIdentity, &[]).is_plain());
    }
}

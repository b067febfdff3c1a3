//! A source with everything that decides whose credentials it hands out.

use aws_config::Region;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::guarded::Guarded;
use super::source::{Source, Variables, loader};
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
        if self.source.reads_profiles() {
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
        let chain = sdk
            .credentials_provider()
            .ok_or_else(|| CredentialsError::not_loaded("no provider"))?;
        let provider = match (self.source, &self.role_arn) {
            (Source::AssumeRole, Some(arn)) => {
                let role = AssumeRoleProvider::builder(arn)
                    .session_name("awscreds-bench")
                    .configure(&sdk);
                SharedCredentialsProvider::new(role.build_from_provider(chain).await)
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
    fn certificates_are_needed_for_https_only() {
        let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI";
        assert!(named(Source::Imds, &[]).is_plain());
        assert!(named(Source::Container, &[(full, "http://169.254.170.23/v1")]).is_plain());
        assert!(!named(Source::Container, &[(full, "https://agent/v1")]).is_plain());
        assert!(!named(Source::WebIdentity, &[]).is_plain());
    }
}

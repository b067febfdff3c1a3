//! What the shared configuration files lead to, as far as this program does not leave it to the SDK.

use aws_config::profile::{self, Profile, ProfileFileLoadError, ProfileSet};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_types::os_shim_internal::{Env, Fs};

use super::metadata_endpoint::MetadataProfile;
use super::source::{Variables, variable};

/// The profiles of the files that `variables` name, or of those in their usual place.
///
/// # Errors
///
/// If the files are not what such files are made of.
pub async fn profiles(variables: &Variables) -> Result<ProfileSet, ProfileFileLoadError> {
    let pairs = variables.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let env = Env::from_slice(&pairs.collect::<Vec<_>>());
    profile::load(&Fs::real(), &env, &EnvConfigFiles::default(), None).await
}

/// The profile that is used where nobody names one.
pub(super) fn usual(variables: &Variables) -> &str {
    variable(variables, "AWS_PROFILE").unwrap_or("default")
}

/// What a profile says of where instance metadata is.
pub(super) fn metadata(profile: &Profile) -> MetadataProfile<'_> {
    MetadataProfile {
        endpoint: profile.get("ec2_metadata_service_endpoint"),
        mode: profile.get("ec2_metadata_service_endpoint_mode"),
    }
}

/// A process that a profile's credentials come from, and the roles that are assumed with them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProcessChain {
    /// Whose `credential_process` it is.
    pub profile: String,
    pub command: String,
    pub account_id: Option<String>,
    /// In the order in which they are assumed.
    pub roles: Vec<Role>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Role {
    pub arn: String,
    pub session_name: Option<String>,
    pub external_id: Option<String>,
}

/// Settings that go before a `credential_process`.
const BEFORE: [&str; 5] = [
    "credential_source",
    "web_identity_token_file",
    "sso_session",
    "sso_start_url",
    "login_session",
];

/// Follows `source_profile` by the SDK's rules; `None` where that ends at anything but a process.
pub(super) fn process_chain(profiles: &ProfileSet, selected: &str) -> Option<ProcessChain> {
    let mut chain = ProcessChain::default();
    let mut seen = Vec::new();
    let mut name = selected;
    loop {
        let profile = profiles.get_profile(name)?;
        let text = |name| profile.get(name).map(str::to_owned);
        let keys = ["aws_access_key_id", "aws_secret_access_key"].map(text);
        let as_source = !seen.is_empty() && keys.iter().all(Option::is_some);
        let otherwise = BEFORE.iter().any(|setting| text(setting).is_some());
        if as_source || otherwise || seen.contains(&name) {
            return None;
        }
        seen.push(name);
        let role = text("role_arn").map(|arn| Role {
            arn,
            session_name: text("role_session_name"),
            external_id: text("external_id"),
        });
        let source = role.and_then(|role| {
            chain.roles.insert(0, role);
            profile
                .get("source_profile")
                .filter(|source| *source != name)
        });
        if let Some(source) = source {
            name = source;
            continue;
        }
        let sourceless = text("role_arn").is_some() && text("source_profile").is_none();
        chain.command = text("credential_process").filter(|_| !sourceless)?;
        chain.account_id = text("aws_account_id");
        name.clone_into(&mut chain.profile);
        return Some(chain);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn chain(text: &str, selected: &str) -> Option<ProcessChain> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("config");
        std::fs::write(&file, text).expect("written");
        let path = file.to_str().expect("text").to_owned();
        let variables = Variables::from([
            ("AWS_CONFIG_FILE".to_owned(), path),
            (
                "AWS_SHARED_CREDENTIALS_FILE".to_owned(),
                "/dev/null".to_owned(),
            ),
        ]);
        process_chain(&profiles(&variables).await.expect("profiles"), selected)
    }

    #[tokio::test]
    async fn a_process_is_found_behind_roles() {
        let text = "[profile a]\nrole_arn = arn:a\nsource_profile = b\nexternal_id = x\n\
                    [profile b]\nrole_arn = arn:b\nsource_profile = c\n\
                    [profile c]\ncredential_process = get keys\naws_account_id = 1\n";
        let chain = chain(text, "a").await.expect("a process");
        assert_eq!(
            (chain.profile.as_str(), chain.command.as_str()),
            ("c", "get keys")
        );
        let arns: Vec<_> = chain.roles.iter().map(|role| role.arn.as_str()).collect();
        assert_eq!(arns, ["arn:b", "arn:a"]);
        assert_eq!(chain.roles[1].external_id.as_deref(), Some("x"));
        assert_eq!(chain.account_id.as_deref(), Some("1"));
    }

    #[tokio::test]
    async fn what_goes_before_a_process_is_left_to_the_sdk() {
        for text in [
            "[profile a]\nsso_session = s\ncredential_process = get\n",
            "[profile a]\nrole_arn = arn:a\ncredential_process = get\n",
            "[profile a]\nrole_arn = arn:a\nsource_profile = b\n\
             [profile b]\naws_access_key_id = A\naws_secret_access_key = s\ncredential_process = get\n",
            "[profile a]\nrole_arn = arn:a\nsource_profile = b\n\
             [profile b]\nrole_arn = arn:b\nsource_profile = a\n",
            "[profile b]\ncredential_process = get\n",
        ] {
            assert_eq!(chain(text, "a").await, None, "{text}");
        }
        let own = "[profile a]\nrole_arn = arn:a\nsource_profile = a\ncredential_process = get\n";
        assert!(chain(own, "a").await.is_some());
    }
}

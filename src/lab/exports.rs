//! What points an SDK, in any language, at the lab: environment variables and the files they name.
//!
//! The files hold keys and tokens, so they are in a directory that only the user can enter, and they
//! are gone when the lab is.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container_token::in_file;
use super::scenario::TokenFile;
use super::services::container;
use super::state::LabState;

/// The profile with static keys.
const PROFILE: &str = "awscreds-bench";
/// The profile that assumes a role with them.
const ROLE_PROFILE: &str = "awscreds-bench-role";
/// The name of every session that the exported variables start.
const SESSION: &str = "awscreds-bench";

/// Names of files.
const CONFIG: &str = "config";
const CREDENTIALS: &str = "credentials";
pub(super) const CONTAINER_TOKEN: &str = "container-token";
const WEB_IDENTITY_TOKEN: &str = "web-identity-token";
const CA: &str = "ca.pem";

/// The role that the lab's clients may assume; any other well-formed role ARN is good as well.
pub(super) const ROLE_ARN: &str = "arn:aws:iam::123456789012:role/awscreds-bench-app";

/// Where the exported variables tell an SDK to find its credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExportedSource {
    /// Instance metadata: what an SDK falls back to when it is told nothing.
    Imds,
    /// The container endpoint of ECS and EKS.
    Container,
    /// Keys in the environment.
    Static,
    /// A web identity token, exchanged at STS.
    WebIdentity,
    /// Keys in a profile.
    Profile,
    /// A profile whose role is assumed with another profile's keys.
    AssumeRole,
}

impl ExportedSource {
    /// Every source with its name, in the order in which they are listed to users.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Imds, "imds"),
        (Self::Container, "container"),
        (Self::Static, "static"),
        (Self::WebIdentity, "web-identity"),
        (Self::Profile, "profile"),
        (Self::AssumeRole, "assume-role"),
    ];

    /// The source of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|(source, own)| (own == name).then_some(source))
    }
}

/// The files that the variables name. Dropping it removes them.
pub(super) struct ClientFiles {
    directory: TempDir,
}

impl ClientFiles {
    pub(super) fn write(state: &LabState, web_identity: &str, ca_pem: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("awscreds-bench-lab-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let (region, keys) = (&state.scenario.region, &state.issuer.static_credentials);
        let config = format!(
            "[profile {PROFILE}]\nregion = {region}\n\n[profile {ROLE_PROFILE}]\nregion = {region}\n\
             role_arn = {ROLE_ARN}\nrole_session_name = {SESSION}\nsource_profile = {PROFILE}\n"
        );
        let credentials = format!(
            "[{PROFILE}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            keys.access_key_id, keys.secret_access_key
        );
        let token_file = state.scenario.container.token;
        let container_token = in_file(&state.container_token.current(), token_file);
        let files = Self { directory };
        for (file, text) in [
            (CONFIG, config.as_str()),
            (CREDENTIALS, &credentials),
            // No newline: the SDKs' container providers take it for a part of the token.
            (CONTAINER_TOKEN, &container_token),
            (WEB_IDENTITY_TOKEN, web_identity),
            (CA, ca_pem),
        ] {
            let mut options = OpenOptions::new();
            let options = options.write(true).create_new(true).mode(0o600);
            options.open(files.path(file))?.write_all(text.as_bytes())?;
        }
        Ok(files)
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }
}

/// Puts a new token where clients read it: at once, or they might read half of it.
pub(super) fn replace_token(file: &Path, token: &str) -> io::Result<()> {
    let directory = file.parent().unwrap_or(Path::new("/"));
    let mut new = tempfile::NamedTempFile::new_in(directory)?;
    new.write_all(token.as_bytes())?;
    new.persist(file)?;
    Ok(())
}

/// The variables for one source of a lab that is reached at these two addresses: the main one and that of the
/// metadata. The names are those of the AWS SDKs and Tools Reference Guide.
pub(super) fn variables(
    source: ExportedSource,
    state: &LabState,
    files: &ClientFiles,
    (main, imds): (SocketAddr, SocketAddr),
) -> Vec<(String, String)> {
    let path = |file: &str| files.path(file).to_string_lossy().into_owned();
    let region = &state.scenario.region;
    let endpoint = format!("http://{main}");
    // AWS CLI 2.9 joins paths to this without a slash of its own.
    let metadata = format!("http://{imds}/");
    let mut variables = vec![
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region.clone()),
        ("AWS_ENDPOINT_URL_STS", endpoint.clone()),
        ("AWS_ENDPOINT_URL_S3", endpoint.clone()),
        ("AWS_ENDPOINT_URL_SERVICEDISCOVERY", endpoint.clone()),
        // Cloud Map's prefix would make a host name of the lab's address that nobody knows.
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata),
        ("AWS_CONFIG_FILE", path(CONFIG)),
        ("AWS_SHARED_CREDENTIALS_FILE", path(CREDENTIALS)),
    ];
    if source != ExportedSource::Imds {
        variables.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    }
    match source {
        ExportedSource::Imds => {}
        ExportedSource::Container => {
            let uri = format!("{endpoint}{}", container::PATH);
            variables.push(("AWS_CONTAINER_CREDENTIALS_FULL_URI", uri));
            if state.scenario.container.token != TokenFile::Missing {
                let token = path(CONTAINER_TOKEN);
                variables.push(("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token));
            }
            let metadata = format!("{endpoint}{}", container::METADATA_PATH);
            variables.push(("ECS_CONTAINER_METADATA_URI_V4", metadata));
        }
        ExportedSource::Static => {
            let keys = state.issuer.static_credentials.clone();
            variables.push(("AWS_ACCESS_KEY_ID", keys.access_key_id));
            variables.push(("AWS_SECRET_ACCESS_KEY", keys.secret_access_key));
        }
        ExportedSource::WebIdentity => {
            let token = path(WEB_IDENTITY_TOKEN);
            variables.push(("AWS_ROLE_ARN", ROLE_ARN.to_owned()));
            variables.push(("AWS_WEB_IDENTITY_TOKEN_FILE", token));
            variables.push(("AWS_ROLE_SESSION_NAME", SESSION.to_owned()));
        }
        ExportedSource::Profile => variables.push(("AWS_PROFILE", PROFILE.to_owned())),
        ExportedSource::AssumeRole => variables.push(("AWS_PROFILE", ROLE_PROFILE.to_owned())),
    }
    let owned = |(name, value): (&str, String)| (name.to_owned(), value);
    variables.into_iter().map(owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_found_by_its_name() {
        for (source, name) in ExportedSource::ALL {
            assert_eq!(ExportedSource::named(name), Some(source));
        }
        assert_eq!(ExportedSource::named("no-source"), None);
    }
}

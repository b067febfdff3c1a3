//! What points an SDK, in any language, at the lab: environment variables and the files they name.
//!
//! The files hold keys and tokens, so they are in a directory that only the user can enter, and they
//! are gone when the lab is.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::container;
use super::issuer::Credentials;
use super::scenario::TokenFile;
use super::task;

/// The profile with static keys.
const PROFILE: &str = "awscreds-bench";
/// The profile that assumes a role with them.
const ROLE_PROFILE: &str = "awscreds-bench-role";
/// The name of every session that the exported variables start.
const SESSION: &str = "awscreds-bench";

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
    pub const ALL: [Self; 6] = [
        Self::Imds,
        Self::Container,
        Self::Static,
        Self::WebIdentity,
        Self::Profile,
        Self::AssumeRole,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Imds => "imds",
            Self::Container => "container",
            Self::Static => "static",
            Self::WebIdentity => "web-identity",
            Self::Profile => "profile",
            Self::AssumeRole => "assume-role",
        }
    }
}

impl std::str::FromStr for ExportedSource {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|source| source.name() == name)
            .ok_or_else(|| name.to_owned())
    }
}

/// What the files are about.
pub(super) struct Contents<'a> {
    pub(super) region: &'a str,
    pub(super) role_arn: &'a str,
    pub(super) keys: &'a Credentials,
    /// What the token file holds.
    pub(super) container_token: &'a str,
    pub(super) web_identity_token: &'a str,
    pub(super) ca_pem: &'a str,
}

/// The directory with the files. Dropping it removes them.
pub(super) struct PrivateFiles {
    directory: TempDir,
}

impl PrivateFiles {
    pub(super) fn write(contents: &Contents<'_>) -> io::Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("awscreds-bench-lab-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let files = Self { directory };
        let Contents {
            region,
            role_arn,
            keys,
            ..
        } = contents;
        let config = format!(
            "[profile {PROFILE}]\nregion = {region}\n\n[profile {ROLE_PROFILE}]\nregion = {region}\n\
             role_arn = {role_arn}\nrole_session_name = {SESSION}\nsource_profile = {PROFILE}\n"
        );
        let credentials = format!(
            "[{PROFILE}]\naws_access_key_id = {}\naws_secret_access_key = {}\n",
            keys.access_key_id, keys.secret_access_key
        );
        files.private(&files.config(), &config)?;
        files.private(&files.credentials(), &credentials)?;
        // No newline: the SDKs' container providers take it for a part of the token.
        files.private(&files.container_token(), contents.container_token)?;
        files.private(&files.web_identity_token(), contents.web_identity_token)?;
        files.private(&files.ca(), contents.ca_pem)?;
        Ok(files)
    }

    fn private(&self, path: &Path, text: &str) -> io::Result<()> {
        debug_assert!(path.starts_with(self.directory.path()));
        let mut options = OpenOptions::new();
        let mut file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        file.write_all(text.as_bytes())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn config(&self) -> PathBuf {
        self.file("config")
    }

    fn credentials(&self) -> PathBuf {
        self.file("credentials")
    }

    pub(super) fn container_token(&self) -> PathBuf {
        self.file("container-token")
    }

    fn web_identity_token(&self) -> PathBuf {
        self.file("web-identity-token")
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.file("ca.pem")
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

/// Where things are, for [`variables`].
pub(super) struct Places<'a> {
    pub(super) address: SocketAddr,
    pub(super) imds_address: SocketAddr,
    pub(super) region: &'a str,
    pub(super) role_arn: &'a str,
    pub(super) keys: &'a Credentials,
    pub(super) token_file: TokenFile,
    pub(super) files: &'a PrivateFiles,
}

/// An address to connect to: loopback, where the lab listens on every address.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// The variables for one source. The names are those of the AWS SDKs and Tools Reference Guide.
pub(super) fn variables(source: ExportedSource, places: &Places<'_>) -> Vec<(String, String)> {
    let path = |path: PathBuf| path.to_string_lossy().into_owned();
    let endpoint = format!("http://{}", reachable(places.address));
    // AWS CLI 2.9 joins paths to this without a slash of its own.
    let metadata = format!("http://{}/", reachable(places.imds_address));
    let files = places.files;
    let mut variables = vec![
        ("AWS_REGION", places.region.to_owned()),
        ("AWS_DEFAULT_REGION", places.region.to_owned()),
        ("AWS_ENDPOINT_URL_STS", endpoint.clone()),
        ("AWS_ENDPOINT_URL_S3", endpoint.clone()),
        ("AWS_ENDPOINT_URL_SERVICEDISCOVERY", endpoint.clone()),
        // Cloud Map's prefix would make a host name of the lab's address that nobody knows.
        ("AWS_DISABLE_HOST_PREFIX_INJECTION", "true".to_owned()),
        ("AWS_EC2_METADATA_SERVICE_ENDPOINT", metadata),
        ("AWS_CONFIG_FILE", path(files.config())),
        ("AWS_SHARED_CREDENTIALS_FILE", path(files.credentials())),
    ];
    if source != ExportedSource::Imds {
        variables.push(("AWS_EC2_METADATA_DISABLED", "true".to_owned()));
    }
    match source {
        ExportedSource::Imds => {}
        ExportedSource::Container => {
            variables.push((
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                format!("{endpoint}{}", container::PATH),
            ));
            if places.token_file != TokenFile::Missing {
                variables.push((
                    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                    path(files.container_token()),
                ));
            }
            variables.push((
                "ECS_CONTAINER_METADATA_URI_V4",
                format!("{endpoint}{}", task::PATH),
            ));
        }
        ExportedSource::Static => variables.extend([
            ("AWS_ACCESS_KEY_ID", places.keys.access_key_id.clone()),
            (
                "AWS_SECRET_ACCESS_KEY",
                places.keys.secret_access_key.clone(),
            ),
        ]),
        ExportedSource::WebIdentity => variables.extend([
            ("AWS_ROLE_ARN", places.role_arn.to_owned()),
            (
                "AWS_WEB_IDENTITY_TOKEN_FILE",
                path(files.web_identity_token()),
            ),
            ("AWS_ROLE_SESSION_NAME", SESSION.to_owned()),
        ]),
        ExportedSource::Profile => variables.push(("AWS_PROFILE", PROFILE.to_owned())),
        ExportedSource::AssumeRole => variables.push(("AWS_PROFILE", ROLE_PROFILE.to_owned())),
    }
    variables
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

//! What points an SDK, in any language, at the lab: environment variables and the files they name.

use std::net::SocketAddr;

use super::client_files::{
    CONFIG, CONTAINER_TOKEN, CREDENTIALS, ClientFiles, PROFILE, ROLE_ARN, ROLE_PROFILE, SESSION,
    WEB_IDENTITY_TOKEN,
};
use super::exported_source::ExportedSource;
use super::scenario::TokenFile;
use super::services::container;
use super::state::LabState;

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

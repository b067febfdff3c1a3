//! Tells what is secret: whatever a source is given, is asked with, or hands out is in no text from then on.

use aws_credential_types::Credentials;
use aws_credential_types::provider::{self, ProvideCredentials, SharedCredentialsProvider, future};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::source::Variables;
use crate::disclosure::{learn, learn_given};

/// Headers whose values open doors.
const HEADERS: [&str; 3] = [
    "authorization",
    "x-amz-security-token",
    "x-aws-ec2-metadata-token",
];

/// Settings of profiles that are secret.
const SETTINGS: [&str; 3] = [
    "aws_access_key_id",
    "aws_secret_access_key",
    "aws_session_token",
];

/// Learns what a source is given: variables, files that they name, the shared configuration files.
pub(super) fn learn_what_is_given<'a>(
    variables: &Variables,
    files: impl IntoIterator<Item = &'a str>,
) {
    let variables = variables.iter();
    learn_given(variables.map(|(name, value)| (name.as_str(), value.as_str())));
    let files = files.into_iter();
    let texts = files.filter_map(|path| std::fs::read_to_string(path).ok());
    for text in texts {
        let settings = text.lines().filter_map(|line| line.split_once('='));
        for (name, value) in settings {
            if SETTINGS.contains(&name.trim()) {
                learn_given([("SECRET", value)]);
            }
        }
    }
}

/// `client`, which tells what it sends to open doors with.
pub(super) fn overheard(client: SharedHttpClient) -> SharedHttpClient {
    http_client_fn(move |settings, components| {
        SharedHttpConnector::new(Overheard(client.http_connector(settings, components)))
    })
}

#[derive(Debug)]
struct Overheard(SharedHttpConnector);

impl HttpConnector for Overheard {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        for name in HEADERS {
            // A signature opens no door twice.
            let value = request.headers().get(name);
            value.filter(|v| !v.starts_with("AWS4-")).map(learn);
        }
        self.0.call(request)
    }
}

/// A provider that tells the secrets of what it hands out.
#[derive(Debug)]
pub(super) struct Learning(pub SharedCredentialsProvider);

impl Learning {
    async fn load(&self) -> provider::Result {
        let credentials = self.0.provide_credentials().await?;
        learn_credentials(&credentials);
        Ok(credentials)
    }
}

impl ProvideCredentials for Learning {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.load())
    }

    fn fallback_on_interrupt(&self) -> Option<Credentials> {
        self.0.fallback_on_interrupt()
    }
}

fn learn_credentials(credentials: &Credentials) {
    learn(credentials.access_key_id());
    learn(credentials.secret_access_key());
    credentials.session_token().map(learn);
}

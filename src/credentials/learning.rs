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

/// A secret that nobody knows yet is at least as long …
const SHORTEST_SECRET: usize = 32;

/// … and an answer has few of them.
const MOST_SECRETS: usize = 64;

/// Learns what looks like a secret in what a source of credentials answers: a refusal's words are quoted in errors, and
/// may tell keys that this process has never been given.
pub(super) fn learn_from_answer(text: &str) {
    let encoded = |c: char| c.is_ascii_alphanumeric() || "+/=_-".contains(c);
    let words = text.split(|c| !encoded(c));
    words
        .filter(|word| looks_secret(word))
        .take(MOST_SECRETS)
        .for_each(learn);
}

/// Whether a word is as keys and tokens are: long, in an alphabet of mixed case and digits. Names of roles and request
/// IDs are not.
fn looks_secret(word: &str) -> bool {
    let has = |kind: fn(&u8) -> bool| word.as_bytes().iter().any(kind);
    word.len() >= SHORTEST_SECRET
        && has(u8::is_ascii_uppercase)
        && has(u8::is_ascii_lowercase)
        && has(u8::is_ascii_digit)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disclosure::without_secrets;

    #[test]
    fn a_key_in_the_words_of_a_refusal_is_in_no_text() {
        let key = "aJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        let id = "request 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 was denied";
        learn_from_answer(&format!(r#"{{"Message":"no, '{key}'; {id}"}}"#));
        assert!(!without_secrets(&format!("because {key}")).contains(key));
        assert_eq!(without_secrets(id), id);
    }
}

//! The container credentials endpoint, and the token files that it and STS are shown.

use super::connection::connect;
use super::limits::{AGENT, NEAR};
use crate::credentials::{Variables, authority, container_endpoint, variable};
use crate::diagnosis::examination::{ContainerEndpoint, HttpOutcome, TokenFile};

/// Asks the endpoint as its clients do, if one is configured and spoken to without TLS.
pub(super) async fn probe(variables: &Variables) -> Option<ContainerEndpoint> {
    let text = container_endpoint(variables)?;
    let url = url::Url::parse(&text).ok();
    let host = url.as_ref().and_then(|url| url.host_str());
    let mut endpoint = ContainerEndpoint {
        host: host.unwrap_or_default().to_owned(),
        answer: HttpOutcome::NotAsked,
        token_file: token_file(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"),
    };
    if let Some(url) = url.filter(|url| url.scheme() == "http")
        && let (_, Some(mut connection)) = connect(&authority(&text)?, NEAR).await
    {
        let token = token(variables, endpoint.token_file.as_ref());
        let header = token.as_deref().map(|token| ("Authorization", token));
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        endpoint.answer = connection.ask("GET", path, header, AGENT).await.0;
    }
    Some(endpoint)
}

/// What the endpoint is to be shown, without the newline that some files end with.
fn token(variables: &Variables, file: Option<&TokenFile>) -> Option<String> {
    let from_file = file.and_then(|file| std::fs::read_to_string(&file.path).ok());
    let by_variable = || variable(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    let token = from_file.or_else(|| by_variable().map(str::to_owned))?;
    Some(token.trim_end().to_owned())
}

/// The token file that a variable names.
pub(super) fn token_file(variables: &Variables, name: &'static str) -> Option<TokenFile> {
    let path = variable(variables, name)?;
    let mut file = TokenFile {
        variable: name,
        path: path.to_owned(),
        ..TokenFile::default()
    };
    match std::fs::read(path) {
        Ok(bytes) => {
            file.ends_with_newline = bytes.ends_with(b"\n");
            file.empty = bytes.trim_ascii().is_empty();
        }
        Err(error) => file.unreadable = Some(error.to_string()),
    }
    Some(file)
}

//! The container credentials endpoint, and the token files that it and STS are shown.

use super::NEAR;
use super::http::dial;
use crate::credentials::Variables;
use crate::doctor::examination::{Answer, ContainerEndpoint, TokenFile};

/// The agents' limits on an answer of STS are a second and more.
const PATIENCE: u32 = 2;

/// Asks the endpoint as its clients do, if one is configured and spoken to without TLS.
pub(super) async fn probe(variables: &Variables) -> Option<ContainerEndpoint> {
    let set = |name: &str| variables.get(name).filter(|value| !value.is_empty());
    let relative = set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    let url = match (relative, set("AWS_CONTAINER_CREDENTIALS_FULL_URI")) {
        (Some(path), _) => format!("http://169.254.170.2{path}"),
        (None, Some(url)) => url.clone(),
        (None, None) => return None,
    };
    let token_file = token_file(variables, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    let from_file = token_file
        .as_ref()
        .and_then(|file| std::fs::read_to_string(&file.path).ok());
    let token = from_file
        .or_else(|| set("AWS_CONTAINER_AUTHORIZATION_TOKEN").cloned())
        .map(|token| token.trim_end().to_owned());
    let parsed = url::Url::parse(&url).ok();
    let host = parsed
        .as_ref()
        .and_then(|url| url.host_str())
        .unwrap_or_default();
    let mut endpoint = ContainerEndpoint {
        host: host.to_owned(),
        dial: None,
        answer: Answer::NotAsked,
        token_file,
    };
    if let Some(url) = parsed.as_ref().filter(|url| url.scheme() == "http") {
        let authority = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
        let (dialled, line) = dial(&authority, NEAR).await;
        endpoint.dial = Some(dialled);
        if let Some(mut line) = line {
            let header = token.as_deref().map(|token| ("Authorization", token));
            let path = match url.query() {
                Some(query) => format!("{}?{query}", url.path()),
                None => url.path().to_owned(),
            };
            endpoint.answer = line.ask("GET", &path, header, NEAR * PATIENCE).await.0;
        }
    }
    Some(endpoint)
}

/// The token file that a variable names.
pub(super) fn token_file(variables: &Variables, variable: &'static str) -> Option<TokenFile> {
    let path = variables.get(variable).filter(|path| !path.is_empty())?;
    let mut file = TokenFile {
        variable,
        path: path.clone(),
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

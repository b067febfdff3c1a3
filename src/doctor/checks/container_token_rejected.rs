//! The container credentials endpoint does not accept the token.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "container-token-rejected",
    level: Level::Error,
    title: "the container credentials endpoint does not accept the token",
    explanation: "The endpoint answers 401 or 403: no token was sent, it is not the endpoint's, or it has been replaced and the file was not read again.",
    consequence: "The container gets no credentials. Where the token was rotated, programs that read it only once fail from then on.",
    remedy: "check AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: it must name the mounted token, and programs must read it at each fetch; restart the container so that variables and mounts are set anew",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
    provoked_by: "lab scenarios `container-wrong-token` and `container-no-token`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let endpoint = seen.container.as_ref()?;
    let status = endpoint
        .answer
        .status()
        .filter(|status| matches!(status, 401 | 403))?;
    let token = match &endpoint.token_file {
        Some(file) => format!("with the token in {}", file.path),
        None if seen.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").is_some() => {
            "with the token in AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned()
        }
        None => "as no variable names a token".to_owned(),
    };
    let evidence = format!("{} answers {status} {token}", endpoint.host);
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

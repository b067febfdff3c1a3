//! The container credentials endpoint, and the token files that it and STS are shown.

use crate::credentials::Source;
use crate::diagnosis::check::{Check, Observation, SHARED, lines};
use crate::diagnosis::examination::{Examination, TokenFile};
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "container-throttled",
        level: Severity::Error,
        title: "the container credentials endpoint refuses requests for their rate",
        explanation: "The agent that serves container credentials has a limit: 40 requests per second and 60 at once on ECS, 1,000 and 500 for EKS Pod Identity. Beyond it the answer is 429, which most SDKs do not try again and report as missing credentials.",
        consequence: "Processes that start together fail with \"no credentials\", or silently use those of another link.",
        remedy: "start processes over a longer time, and one client per process. A profile with this line lets the processes of a task share their credentials; `awscreds-bench imds --endpoint container` finds the limit",
        reference: "https://github.com/aws/containers-roadmap/issues/1649",
        provoked_by: "a lab scenario with `[container] throttle = { rate = 0.1, burst = 1 }`",
        change: |_| lines([SHARED]),
        look: throttled,
    },
    Check {
        id: "container-token-rejected",
        level: Severity::Error,
        title: "the container credentials endpoint does not accept the token",
        explanation: "The endpoint answers 401 or 403: no token was sent, it is not the endpoint's, or it has been replaced and the file was not read again.",
        consequence: "The container gets no credentials. Where the token was rotated, programs that read it only once fail from then on.",
        remedy: "let AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE name the mounted token, and read it at each fetch. Restart the container so that variables and mounts are set anew",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
        provoked_by: "lab scenarios `container-wrong-token` and `container-no-token`",
        change: |_| lines([]),
        look: token_rejected,
    },
    Check {
        id: "token-file-unreadable",
        level: Severity::Error,
        title: "a token file cannot be read",
        explanation: "A variable names a file with a token (AWS_WEB_IDENTITY_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE), and the file is not there, is empty, or may not be read by this user.",
        consequence: "The link that needs it fails, and with it the chain: SDKs do not go on to the next link.",
        remedy: "mount the token where the variable says, readable for the user that the program runs as (fsGroup in the pod's securityContext); or unset the variable",
        reference: "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
        provoked_by: "AWS_WEB_IDENTITY_TOKEN_FILE=/nonexistent",
        change: unset_token,
        look: token_file_unreadable,
    },
    Check {
        id: "token-file-newline",
        level: Severity::Error,
        title: "a token file ends with a newline",
        explanation: "The newline is no part of the token, but SDKs send the file as it is: a header cannot hold a newline, and STS takes it for a part of the token. Files written with `echo` or by an editor end with one.",
        consequence: "The fetch fails with an error that does not mention the newline (Rust, Go), while SDKs that cut it off work.",
        remedy: "write the file without a newline",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
        provoked_by: "lab scenario `container-token-newline`",
        change: cut_newline,
        look: token_file_newline,
    },
];

fn unset_token(seen: &Examination) -> Vec<String> {
    let file = token_files(seen).find(|(_, file)| file.unreadable.is_some() || file.empty);
    let name = file.map_or("AWS_WEB_IDENTITY_TOKEN_FILE", |(_, file)| file.variable);
    vec![format!("unset {name}")]
}

fn cut_newline(seen: &Examination) -> Vec<String> {
    let file = token_files(seen).find(|(_, file)| file.ends_with_newline);
    let path = file.map_or("<file>", |(_, file)| &file.path);
    vec![format!("printf %s \"$(cat {path})\" > {path}")]
}

fn throttled(seen: &Examination) -> Option<Observation> {
    let endpoint = seen.container.as_ref()?;
    let by_probe = u64::from(endpoint.answer.throttled().is_some());
    let link = seen.link(Source::Container);
    let refused = by_probe + link.map_or(0, |link| link.throttled);
    if refused == 0 {
        return None;
    }
    let host = &endpoint.host;
    let evidence =
        format!("{host}: of a single request and an SDK's fetch, {refused} refused (429 or 503)");
    let harmless = seen.failure(Source::Container).is_none();
    Some(Observation::new(evidence).lowered_to(Severity::Warning, harmless))
}

fn token_rejected(seen: &Examination) -> Option<Observation> {
    let endpoint = seen.container.as_ref()?;
    let status = endpoint.answer.status();
    let status = status.filter(|status| matches!(status, 401 | 403))?;
    let token = match &endpoint.token_file {
        Some(file) => format!("with the token in {}", file.path),
        None if seen.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").is_some() => {
            "with the token in AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned()
        }
        None => "as no variable names a token".to_owned(),
    };
    let host = &endpoint.host;
    Some(Observation::new(format!("{host} answers {status} {token}")))
}

/// The files with tokens that variables name, each with the link that needs it.
fn token_files(seen: &Examination) -> impl Iterator<Item = (Source, &TokenFile)> {
    let container = seen.container.as_ref();
    let container = container.and_then(|endpoint| endpoint.token_file.as_ref());
    let files = [
        (Source::Container, container),
        (Source::WebIdentity, seen.web_identity_file.as_ref()),
    ];
    let files = files.into_iter();
    files.filter_map(|(source, file)| Some((source, file?)))
}

fn token_file_unreadable(seen: &Examination) -> Option<Observation> {
    let (_, file) = token_files(seen).find(|(_, file)| file.unreadable.is_some() || file.empty)?;
    let why = file.unreadable.as_deref().unwrap_or("it is empty");
    let (name, path) = (file.variable, &file.path);
    Some(Observation::new(format!("{name} names {path}: {why}")))
}

fn token_file_newline(seen: &Examination) -> Option<Observation> {
    let (source, file) =
        token_files(seen).find(|(_, file)| file.ends_with_newline && !file.empty)?;
    let failure = seen.failure(source);
    let outcome = match failure {
        Some(why) => format!("the Rust SDK failed: {why}"),
        None => "the Rust SDK got credentials all the same".to_owned(),
    };
    let (name, path) = (file.variable, &file.path);
    let evidence = format!("{name} names {path}, whose last byte is a newline; {outcome}");
    Some(Observation::new(evidence).lowered_to(Severity::Warning, failure.is_none()))
}

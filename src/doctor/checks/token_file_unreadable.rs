//! A token file cannot be read.

use super::token_files;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "token-file-unreadable",
    level: Level::Error,
    title: "a token file cannot be read",
    explanation: "A variable names a file with a token (AWS_WEB_IDENTITY_TOKEN_FILE or AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE), and the file is not there, is empty, or may not be read by this user.",
    consequence: "The link that needs it fails, and with it the chain: SDKs do not go on to the next link.",
    remedy: "mount the token where the variable says, readable for the user that the program runs as (fsGroup in the pod's securityContext), or unset the variable",
    reference: "https://docs.aws.amazon.com/eks/latest/userguide/pod-configuration.html",
    provoked_by: "AWS_WEB_IDENTITY_TOKEN_FILE=/nonexistent",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let files = token_files(seen);
    let file = files
        .iter()
        .find(|file| file.unreadable.is_some() || file.empty)?;
    let why = file.unreadable.as_deref().unwrap_or("it is empty");
    let evidence = format!("{} names {}: {why}", file.variable, file.path);
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

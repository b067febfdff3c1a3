//! A shared configuration file cannot be read.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "config-unreadable",
    level: Level::Error,
    title: "a shared configuration file cannot be read",
    explanation: "The file is there, or a variable names it, and it cannot be opened or is not text. SDKs take such a file for empty, most of them without a word.",
    consequence: "The profile seems not to exist: other credentials are used, or none, and the Region is missing.",
    remedy: "make it readable for this user (chmod 600, chown), or let AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name files that are there",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html",
    provoked_by: "AWS_CONFIG_FILE=/ (a directory)",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let files = &seen.profiles.unreadable;
    if files.is_empty() {
        return None;
    }
    Some(Sighting::new(Level::Error, CHECK.title, files.join("; ")))
}

//! A token file ends with a newline.

use super::token_files;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, LinkName};

pub(super) static CHECK: Check = Check {
    id: "token-file-newline",
    level: Level::Error,
    title: "a token file ends with a newline",
    explanation: "The newline is no part of the token, but SDKs send the file as it is: a header cannot hold a newline, and STS takes it for a part of the token. Files written with `echo` or by an editor end with one.",
    consequence: "The fetch fails with an error that does not mention the newline (Rust, Go), while SDKs that cut it off work.",
    remedy: "write the file without a newline: printf %s \"$TOKEN\" > FILE",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html",
    provoked_by: "lab scenario `container-token-newline`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let files = token_files(seen);
    let file = files
        .iter()
        .find(|file| file.ends_with_newline && !file.empty)?;
    let link = if file.variable == "AWS_WEB_IDENTITY_TOKEN_FILE" {
        LinkName::WebIdentity
    } else {
        LinkName::Container
    };
    let (level, outcome) = match seen.failure(link) {
        Some(why) => (Level::Error, format!("the Rust SDK failed: {why}")),
        None => (
            Level::Warning,
            "the Rust SDK got credentials all the same".to_owned(),
        ),
    };
    let evidence = format!(
        "{} names {}, whose last byte is a newline; {outcome}",
        file.variable, file.path
    );
    Some(Sighting::new(level, CHECK.title, evidence))
}

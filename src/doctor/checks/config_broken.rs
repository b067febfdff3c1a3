//! A shared configuration file is not what such a file is made of.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "config-broken",
    level: Level::Error,
    title: "a shared configuration file is not what such a file is made of",
    explanation: "The file has a line that is neither a section, nor `name = value`, nor a comment. Rust and Go refuse the whole file; others skip the line.",
    consequence: "Rust and Go find no profile at all, while other programs work.",
    remedy: "mend the line; `aws configure list-profiles` shows what the AWS CLI makes of it",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
    provoked_by: "a config file of noise",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let why = seen.profiles.broken.as_ref()?;
    Some(Sighting::new(Level::Error, CHECK.title, why.as_str()))
}

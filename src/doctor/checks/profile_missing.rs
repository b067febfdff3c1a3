//! The selected profile does not exist.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "profile-missing",
    level: Level::Error,
    title: "the selected profile does not exist",
    explanation: "AWS_PROFILE or --profile names a profile that is in neither file. In the config file, a profile other than default is written `[profile NAME]`; in the credentials file, `[NAME]`.",
    consequence: "SDKs fail with an error about the profile, or go on to another link and another identity.",
    remedy: "correct AWS_PROFILE, or add the profile: aws configure --profile NAME",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
    provoked_by: "AWS_PROFILE=no-such-profile",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let profiles = &seen.profiles;
    let by = profiles.selected_by?;
    if profiles.current().is_some() || profiles.broken.is_some() {
        return None;
    }
    let known: Vec<&str> = profiles.known.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "the files have none".to_owned()
    } else {
        format!("the files have {}", known.join(", "))
    };
    let evidence = format!("{by} names {}; {known}", profiles.selected);
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

//! The shared configuration files, and the profile that is selected in them.

use crate::diagnosis::check::{Check, Observation, lines};
use crate::diagnosis::examination::Examination;
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "config-unreadable",
        level: Severity::Error,
        title: "a shared configuration file cannot be read",
        explanation: "The file is there, or a variable names it, and it cannot be opened or is not text. SDKs take such a file for empty, most of them without a word.",
        consequence: "The profile seems not to exist: other credentials are used, or none, and the Region is missing.",
        remedy: "make it readable for this user, or let AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE name files that are there",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html",
        provoked_by: "AWS_CONFIG_FILE=/ (a directory)",
        change: readable,
        look: config_unreadable,
    },
    Check {
        id: "config-broken",
        level: Severity::Error,
        title: "a shared configuration file is not what such a file is made of",
        explanation: "The file has a line that is neither a section, nor `name = value`, nor a comment. Rust and Go refuse the whole file; others skip the line.",
        consequence: "Rust and Go find no profile at all, while other programs work.",
        remedy: "mend the line; the command shows what the AWS CLI makes of the file",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
        provoked_by: "a config file of noise",
        change: |_| lines(["aws configure list-profiles"]),
        look: config_broken,
    },
    Check {
        id: "profile-missing",
        level: Severity::Error,
        title: "the selected profile does not exist",
        explanation: "AWS_PROFILE or --profile names a profile that is in neither file. In the config file, a profile other than default is written `[profile NAME]`; in the credentials file, `[NAME]`.",
        consequence: "SDKs fail with an error about the profile, or go on to another link and another identity.",
        remedy: "correct the name, or add the profile",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html",
        provoked_by: "AWS_PROFILE=no-such-profile",
        change: add_profile,
        look: profile_missing,
    },
    Check {
        id: "profile-circle",
        level: Severity::Error,
        title: "a profile is its own source",
        explanation: "Following source_profile from the selected profile leads back to a profile that was there before, and none of them has keys to begin with.",
        consequence: "The role cannot be assumed; SDKs report an infinite loop, or recurse until something breaks.",
        remedy: "let the last source_profile name a profile with keys, SSO or a credential_process, or use credential_source",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html",
        provoked_by: "a profile with `source_profile` = itself",
        change: |_| lines([]),
        look: profile_circle,
    },
];

fn readable(seen: &Examination) -> Vec<String> {
    let files = seen.profiles.unreadable.iter();
    let paths = files.filter_map(|file| file.split(": ").next());
    paths.map(|path| format!("chmod u+r {path}")).collect()
}

fn add_profile(seen: &Examination) -> Vec<String> {
    let name = match &*seen.profiles.selected {
        "" => "<name>",
        name => name,
    };
    vec![format!("aws configure --profile {name}")]
}

fn config_unreadable(seen: &Examination) -> Option<Observation> {
    let files = &seen.profiles.unreadable;
    (!files.is_empty()).then(|| Observation::new(files.join("; ")))
}

fn config_broken(seen: &Examination) -> Option<Observation> {
    let why = seen.profiles.broken.as_ref()?;
    Some(Observation::new(why))
}

fn profile_missing(seen: &Examination) -> Option<Observation> {
    let profiles = &seen.profiles;
    let (by, selected) = (profiles.selected_by?, &profiles.selected);
    if profiles.current().is_some() || profiles.broken.is_some() {
        return None;
    }
    let known: Vec<&str> = profiles.known.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Some(Observation::new(format!(
        "{by} names {selected}; the files have {known}"
    )))
}

fn profile_circle(seen: &Examination) -> Option<Observation> {
    let profiles = &seen.profiles;
    (profiles.goes_in_circles()).then(|| Observation::new(profiles.path().join(" → ")))
}

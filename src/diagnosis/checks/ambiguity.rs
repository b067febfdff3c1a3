//! Settings that do not mean the same to everybody: other variables, Regions, links or principals for the programs
//! of one machine.

use std::collections::BTreeMap;

use crate::credentials::Source;
use crate::diagnosis::check::{Check, Observation, lines, region};
use crate::diagnosis::examination::{Examination, FetchedCredentials};
use crate::diagnosis::sdks;
use crate::document::Severity;

pub(super) static CHECKS: &[Check] = &[
    Check {
        id: "ignored-variables",
        level: Severity::Warning,
        title: "variables are set that some SDKs do not read",
        explanation: "Some settings belong to one SDK only. Set for one program, they are trusted to hold for all.",
        consequence: "Programs in other languages run with other timeouts, other credentials or another profile than the variable says.",
        remedy: "say it where every SDK reads it: in the profile, or with the variables that all of them know (AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID)",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/environment-variables.html",
        provoked_by: "AWS_METADATA_SERVICE_TIMEOUT=5",
        change: |_| lines([]),
        look: ignored_variables,
    },
    Check {
        id: "region-ambiguous",
        level: Severity::Warning,
        title: "SDKs find different Regions here",
        explanation: "AWS_REGION and AWS_DEFAULT_REGION are two variables. boto3 reads the second alone, Java, JavaScript and .NET the first alone, Rust and Go both.",
        consequence: "Programs on one machine work in different Regions, or one of them finds none and waits for metadata.",
        remedy: "set both to the same Region, or neither and `region` in the profile",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html",
        provoked_by: "AWS_REGION and AWS_DEFAULT_REGION that differ",
        change: both_regions,
        look: region_ambiguous,
    },
    Check {
        id: "identities-differ",
        level: Severity::Warning,
        title: "links of the chain give different identities",
        explanation: "More than one link has credentials, and they belong to different principals. Which one a program gets depends on its SDK, and on whether a link before it fails at that moment.",
        consequence: "A throttled or failing source changes the identity in mid-run: access denied, or access to what nobody meant.",
        remedy: "leave one source per environment: unset the variables, or remove the profile or the role that is not meant",
        reference: "https://github.com/apache/datafusion-comet/issues/6024",
        provoked_by: "the lab's static keys in the environment, with `imds` beside them",
        change: |_| lines([]),
        look: identities_differ,
    },
    Check {
        id: "role-shadowed",
        level: Severity::Warning,
        title: "keys in the environment or in a profile hide this machine's role",
        explanation: "The place gives a role (a task role, a service account, an instance profile), and something before it in the chain answers first: keys left in variables, or a profile in a file that came with an image.",
        consequence: "Programs run as somebody else than the role that was given to them, often with keys that never expire.",
        remedy: "unset the variables, and remove the profile",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
        provoked_by: "the lab's static keys in the environment, with `imds` beside them",
        change: |_| {
            lines(["unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_PROFILE"])
        },
        look: role_shadowed,
    },
    Check {
        id: "sdks-disagree",
        level: Severity::Warning,
        title: "SDKs in different languages would use different credentials",
        explanation: "Default chains ask their links in different orders: Go, Java, Ruby and PHP prefer a web identity to a profile, .NET prefers a profile to variables, JavaScript v3 leaves variables out where AWS_PROFILE is set.",
        consequence: "Two programs on this machine, configured alike, run as different principals.",
        remedy: "leave one source per environment, or name it in each program (a provider in code, AWS_PROFILE with nothing else set)",
        reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
        provoked_by: "web identity variables beside a profile with keys",
        change: |_| lines([]),
        look: sdks_disagree,
    },
];

/// Variables with those who read them; the Rust SDK is in none of the lists.
const PARTIAL: [(&str, &str); 11] = [
    ("AWS_METADATA_SERVICE_TIMEOUT", "boto3, the AWS CLI and PHP"),
    ("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "boto3 and the AWS CLI"),
    (
        "AWS_EC2_METADATA_V1_DISABLED",
        "SDKs that fall back to version 1",
    ),
    (
        "AWS_STS_REGIONAL_ENDPOINTS",
        "SDKs that knew the global endpoint",
    ),
    ("AWS_DEFAULT_PROFILE", "boto3 and the AWS CLI"),
    ("AWS_SDK_LOAD_CONFIG", "Go v1 and JavaScript v2"),
    ("AWS_SECURITY_TOKEN", "boto3 and old SDKs"),
    ("AWS_ACCESS_KEY", "Java v1 and Go"),
    ("AWS_SECRET_KEY", "Java v1"),
    ("AMAZON_ACCESS_KEY_ID", "JavaScript v2"),
    ("AWS_CREDENTIAL_FILE", "old boto and Java v1"),
];

fn both_regions(seen: &Examination) -> Vec<String> {
    let region = region(seen);
    vec![format!(
        "export AWS_REGION={region} AWS_DEFAULT_REGION={region}"
    )]
}

fn ignored_variables(seen: &Examination) -> Option<Observation> {
    let set = PARTIAL.iter();
    let set = set.filter(|(name, _)| seen.variable(name).is_some());
    let set = set.map(|(name, readers)| format!("{name} is read by {readers}; "));
    let set: String = set.collect();
    (!set.is_empty()).then(|| Observation::new(set + "the Rust SDK reads none of it"))
}

fn region_ambiguous(seen: &Examination) -> Option<Observation> {
    let general = seen.variable("AWS_REGION");
    let default = seen.variable("AWS_DEFAULT_REGION");
    let in_profile = seen.profiles.property("region");
    let differ = match (general, default) {
        (Some(one), Some(other)) => one != other,
        (Some(one), None) | (None, Some(one)) => in_profile != Some(one),
        (None, None) => false,
    };
    if !differ {
        return None;
    }
    let evidence = format!(
        "AWS_REGION is {}, AWS_DEFAULT_REGION {}, the profile's region {}",
        general.unwrap_or("not set"),
        default.unwrap_or("not set"),
        in_profile.unwrap_or("not set"),
    );
    // In Lambda the service sets both; elsewhere one alone is common, and harmless until somebody reads the other.
    let one_alone = general.is_none() || default.is_none();
    Some(Observation::new(evidence).lowered_to(Severity::Info, one_alone))
}

fn identities_differ(seen: &Examination) -> Option<Observation> {
    let known = seen.loaded().filter_map(|(link, fetched)| {
        let arn = fetched.identity.as_ref()?.arn.as_ref().ok()?;
        Some((link.source.name(), arn.as_str()))
    });
    let known: Vec<(&str, &str)> = known.collect();
    let (_, first) = known.first()?;
    let same = |(_, arn): &(&str, &str)| principal(arn) == principal(first);
    if known.iter().all(same) {
        return None;
    }
    let parts = known.iter().map(|(link, arn)| format!("{link}: {arn}"));
    Some(Observation::new(parts.collect::<Vec<_>>().join("; ")))
}

/// A role's sessions are one principal.
fn principal(arn: &str) -> &str {
    if arn.contains(":assumed-role/") {
        arn.rsplit_once('/').map_or(arn, |(role, _)| role)
    } else {
        arn
    }
}

fn role_shadowed(seen: &Examination) -> Option<Observation> {
    let (link, fetched) = seen.winner()?;
    if !matches!(link.source, Source::Env | Source::Profile) {
        return None;
    }
    let given = [Source::WebIdentity, Source::Container, Source::Imds];
    let (hidden, role) = seen
        .loaded()
        .find(|(link, _)| given.contains(&link.source))?;
    let whose = |fetched: &FetchedCredentials| {
        let identity = fetched.identity.as_ref();
        let arn = identity.and_then(|identity| identity.arn.clone().ok());
        arn.unwrap_or_else(|| fetched.access_key_id.clone())
    };
    let (one, other) = (whose(fetched), whose(role));
    if one == other {
        return None;
    }
    Some(Observation::new(format!(
        "{} answers first, as {one}; {} would give {other}",
        link.source.name(),
        hidden.source.name(),
    )))
}

const NOTHING: &str = "nothing";

fn sdks_disagree(seen: &Examination) -> Option<Observation> {
    let mut by_link: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for pick in sdks::picks(seen) {
        let link = pick.link.map_or(NOTHING, Source::name);
        by_link.entry(link).or_default().push(pick.sdk);
    }
    // An SDK that finds nothing is nobody else; the table of picks tells it.
    if by_link.keys().filter(|link| **link != NOTHING).count() < 2 {
        return None;
    }
    let parts = by_link
        .iter()
        .map(|(link, sdks)| format!("{link}: {}", sdks.join(", ")));
    Some(Observation::new(parts.collect::<Vec<_>>().join("; ")))
}

//! Keys in the environment or in a profile hide this machine's role.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Examination, Fetched, LinkName};

pub(super) static CHECK: Check = Check {
    id: "role-shadowed",
    level: Level::Warning,
    title: "keys in the environment or in a profile hide this machine's role",
    explanation: "The place gives a role (a task role, a service account, an instance profile), and something before it in the chain answers first: keys left in variables, or a profile in a file that came with an image.",
    consequence: "Programs run as somebody else than the role that was given to them, often with keys that never expire.",
    remedy: "unset AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_PROFILE, and remove the profile",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    provoked_by: "the lab's static keys in the environment, with `imds` beside them",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let (link, fetched) = seen.winner()?;
    if !matches!(link.name, LinkName::Env | LinkName::Profile) {
        return None;
    }
    let given = [LinkName::WebIdentity, LinkName::Container, LinkName::Imds];
    let (hidden, role) = seen.loaded().find(|(link, _)| given.contains(&link.name))?;
    let whose = |fetched: &Fetched| {
        let arn = fetched
            .identity
            .as_ref()
            .and_then(|identity| identity.arn.clone().ok());
        arn.unwrap_or_else(|| fetched.access_key_id.clone())
    };
    let (one, other) = (whose(fetched), whose(role));
    if one == other {
        return None;
    }
    let evidence = format!(
        "{} answers first, as {one}; {} would give {other}",
        link.name.as_str(),
        hidden.name.as_str(),
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

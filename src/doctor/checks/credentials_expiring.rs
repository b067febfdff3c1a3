//! The credentials are about to expire.

use std::time::Duration;

use super::lasting;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "credentials-expiring",
    level: Level::Warning,
    title: "the credentials are about to expire",
    explanation: "The credentials that SDKs find here have minutes left. Where the source renews them that is as it should be; those in variables, or from a process that keeps them, end.",
    consequence: "Programs that hold them fail with ExpiredToken within minutes.",
    remedy: "renew them: aws sso login, or whatever wrote them; programs that run for long should use a source that renews",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html",
    provoked_by: "a lab scenario with `[credentials] lifetime = \"2m\"`",
    last_resort: false,
    look,
};

const SOON: Duration = Duration::from_mins(5);

fn look(seen: &Examination) -> Option<Sighting> {
    let (link, fetched) = seen.winner()?;
    let left = fetched.expires?.duration_since(seen.now?).ok()?;
    if left >= SOON {
        return None;
    }
    let evidence = format!(
        "{} from {} has {} left",
        fetched.access_key_id,
        link.name.as_str(),
        lasting(left),
    );
    Some(Sighting::new(Level::Warning, CHECK.title, evidence))
}

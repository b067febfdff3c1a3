//! STS does not accept the credentials.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "credentials-refused",
    level: Level::Error,
    title: "STS does not accept the credentials",
    explanation: "The credentials were found, and STS refuses what is signed with them: the keys were deleted or made inactive, key and secret do not belong together, or the session token is missing.",
    consequence: "Every request is refused.",
    remedy: "check that key, secret and token are of one issue (all three variables together), and that the key is active: aws iam list-access-keys",
    reference: "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
    provoked_by: "a wrong AWS_SECRET_ACCESS_KEY",
    last_resort: true,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let (link, fetched) = seen.winner()?;
    let identity = fetched.identity.as_ref()?;
    let error = identity.arn.as_ref().err()?;
    let service = &identity.service;
    // Without an answer it was not the credentials.
    service.ahead_s?;
    let evidence = format!(
        "{} from {} at {}: {error}",
        fetched.access_key_id,
        link.name.as_str(),
        service.endpoint.as_deref().unwrap_or("STS"),
    );
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

//! The credentials have expired.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::Examination;

pub(super) static CHECK: Check = Check {
    id: "credentials-expired",
    level: Level::Error,
    title: "the credentials have expired",
    explanation: "The credentials that SDKs find first are past their time. Keys that were copied into variables or into the credentials file are the usual case: nothing renews them, and they hide every source behind them.",
    consequence: "Every request is refused with ExpiredToken.",
    remedy: "remove or renew them: unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN, aws sso login, or run again whatever wrote them",
    reference: "https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html",
    provoked_by: "AWS_CREDENTIAL_EXPIRATION in the past, or credentials that have outlived their time",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let (link, fetched) = seen.winner()?;
    let past = fetched
        .expires
        .is_some_and(|expires| Some(expires) <= seen.now);
    let refused = fetched
        .identity
        .as_ref()
        .and_then(|identity| identity.arn.as_ref().err())
        .filter(|error| error.contains("ExpiredToken"));
    if !past && refused.is_none() {
        return None;
    }
    let said = refused.map_or("their time has passed".to_owned(), |error| {
        format!("STS says {error}")
    });
    let evidence = format!(
        "{} from {}: {said}",
        fetched.access_key_id,
        link.name.as_str()
    );
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

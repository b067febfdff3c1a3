//! What is wrong with an endpoint that gives nothing.

use crate::credentials::Source;
use crate::doctor;
use crate::run::{Failure, Session};

/// The failure with what is wrong with the endpoint, where that can be seen.
pub(super) async fn diagnosed(failure: Failure, session: &Session, source: Source) -> Failure {
    let about = match source {
        Source::Imds => "imds-",
        Source::Container => "container-",
        _ => return failure,
    };
    let seen = doctor::examine_endpoints(&source.narrow(session.setup.variables())).await;
    let found = doctor::diagnose(&seen);
    let Some(found) = found.iter().find(|found| found.check.id.starts_with(about)) else {
        return failure;
    };
    Failure {
        hint: Some(format!(
            "{} ({}); {}",
            found.sighting.summary, found.sighting.evidence, found.check.remedy
        )),
        ..failure
    }
}

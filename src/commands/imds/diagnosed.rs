//! What is wrong with an endpoint that gives nothing.

use crate::credentials::Source;
use crate::diagnosis;
use crate::run::{Failure, Session};

/// The failure with what is wrong with the endpoint, where that can be seen.
pub(super) async fn diagnosed(failure: Failure, session: &Session, source: Source) -> Failure {
    let about = match source {
        Source::Imds => "imds-",
        Source::Container => "container-",
        _ => return failure,
    };
    let seen = diagnosis::examine_endpoints(&source.narrow(session.setup.variables())).await;
    let found = diagnosis::diagnose(&seen);
    let Some(found) = found.iter().find(|found| found.id.starts_with(about)) else {
        return failure;
    };
    Failure {
        hint: Some(format!(
            "{} ({}); {}",
            found.summary, found.evidence, found.remedy
        )),
        ..failure
    }
}

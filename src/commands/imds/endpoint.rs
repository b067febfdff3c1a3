//! The endpoints that `imds` fetches from, and what is wrong with one that gives nothing.

use clap::ValueEnum;

use crate::commands::Failure;
use crate::commands::session::Session;
use crate::credentials::Source;
use crate::diagnosis;

/// Endpoints of a node or a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Endpoint {
    /// Instance metadata
    Imds,
    /// The container credentials endpoint: the ECS agent's or the EKS Pod Identity agent's
    Container,
}

impl From<Endpoint> for Source {
    fn from(endpoint: Endpoint) -> Self {
        match endpoint {
            Endpoint::Imds => Self::Imds,
            Endpoint::Container => Self::Container,
        }
    }
}

/// The failure with what is wrong with the endpoint, where that can be seen.
pub async fn diagnosed(failure: Failure, session: &Session, source: Source) -> Failure {
    let about = match source {
        Source::Imds => "imds-",
        Source::Container => "container-",
        _ => return failure,
    };
    let seen = diagnosis::examine_endpoints(&source.narrow(session.setup.variables())).await;
    let found = diagnosis::diagnose(&seen);
    let Some(found) = found.iter().find(|found| found.check.id.starts_with(about)) else {
        return failure;
    };
    Failure {
        hint: Some(format!(
            "{} ({}); {}",
            found.summary, found.evidence, found.check.remedy
        )),
        ..failure
    }
}

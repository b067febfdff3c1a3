//! The hop limit keeps metadata tokens from reaching this container.

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Answer, Dial, Examination};

pub(super) static CHECK: Check = Check {
    id: "imds-hop-limit",
    level: Level::Error,
    title: "the hop limit keeps metadata tokens from reaching this container",
    explanation: "The answer to a request for a metadata token is sent with an IP hop limit, 1 by default. Each router on the way takes one off, and a container's bridge is a router. The connection is set up and other requests are answered, but the token never arrives.",
    consequence: "SDKs that insist on version 2 get no credentials from metadata. Those that fall back to version 1 wait for the token first, so that the first request of each process takes a second or more.",
    remedy: "raise the limit to 2: aws ec2 modify-instance-metadata-options --instance-id ID --http-put-response-hop-limit 2 --http-endpoint enabled; or give the container credentials of its own (a task role, Pod Identity, a web identity)",
    reference: "https://github.com/aws/aws-sdk-go/issues/2972",
    provoked_by: "lab scenario `imds-hop-limit`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    let (Dial::Connected(connect), Answer::Silent(waited)) = (&metadata.dial, &metadata.token)
    else {
        return None;
    };
    let (v1, elapsed) = (metadata.v1.status()?, metadata.v1.elapsed()?);
    let evidence = format!(
        "{}: connected in {}; the token did not come within {}, while a request without one was answered with {v1} in {}",
        metadata.endpoint,
        shown(*connect),
        shown(*waited),
        shown(elapsed),
    );
    Some(Sighting::new(Level::Error, CHECK.title, evidence))
}

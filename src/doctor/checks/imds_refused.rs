//! Connections to the metadata address are refused.

use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Dial, Examination};

pub(super) static CHECK: Check = Check {
    id: "imds-refused",
    level: Level::Error,
    title: "connections to the metadata address are refused",
    explanation: "Something on the way answers that nobody listens there: a firewall rule that rejects, or an endpoint variable that names the wrong port.",
    consequence: "Metadata gives no credentials; as the refusal is quick, nothing waits for it.",
    remedy: "check AWS_EC2_METADATA_SERVICE_ENDPOINT and the firewall rules for 169.254.169.254; set AWS_EC2_METADATA_DISABLED=true where metadata is not meant to be used",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-client.html",
    provoked_by: "lab scenario `imds-refused`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    if metadata.dial != Dial::Refused {
        return None;
    }
    let level = if seen.winner().is_some() {
        Level::Info
    } else {
        Level::Error
    };
    let evidence = format!("{} refuses connections", metadata.endpoint);
    Some(Sighting::new(level, CHECK.title, evidence))
}

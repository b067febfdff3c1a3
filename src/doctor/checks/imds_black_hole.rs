//! Nothing answers at the metadata address.

use super::shown;
use crate::doctor::check::{Check, Level, Sighting};
use crate::doctor::examination::{Dial, Examination, LinkName};

pub(super) static CHECK: Check = Check {
    id: "imds-black-hole",
    level: Level::Error,
    title: "nothing answers at the metadata address",
    explanation: "Where there is no instance metadata (on a laptop, in CI, in another cloud), requests to 169.254.169.254 are often dropped, not refused. SDKs that find no credentials elsewhere wait for it, and some wait for a Region there as well.",
    consequence: "Every process that finds no credentials before metadata pays seconds of waiting, and then has none.",
    remedy: "set AWS_EC2_METADATA_DISABLED=true where there is no instance metadata, and AWS_REGION so that no SDK looks for a Region there",
    reference: "https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html",
    provoked_by: "lab scenario `imds-black-hole`",
    last_resort: false,
    look,
};

fn look(seen: &Examination) -> Option<Sighting> {
    let metadata = seen.metadata.as_ref()?;
    let how = match &metadata.dial {
        Dial::Silent(waited) => format!("no connection within {}", shown(*waited)),
        Dial::NoRoute(why) => why.clone(),
        Dial::Connected(_) if metadata.token.is_silent() && metadata.v1.is_silent() => {
            "connected, and no answer to anything".to_owned()
        }
        Dial::Connected(_) | Dial::Refused => return None,
    };
    let elapsed = seen.link(LinkName::Imds).and_then(|imds| imds.elapsed);
    let spent = elapsed.map_or(String::new(), |elapsed| {
        format!("; the Rust SDK gave up after {}", shown(elapsed))
    });
    let level = if seen.winner().is_some() {
        Level::Info
    } else {
        Level::Error
    };
    let evidence = format!("{}: {how}{spent}", metadata.endpoint);
    Some(Sighting::new(level, CHECK.title, evidence))
}

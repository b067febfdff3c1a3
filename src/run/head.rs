//! What every document begins with.

use std::ffi::OsString;
use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::clock::{self, Moment};
use crate::credentials::Variables;
use crate::document::{Head, SCHEMA, Target, Tool};

/// The head of a document that ends now. Without its beginning its time is virtual, and not told.
#[must_use]
pub fn head(command: &str, begun: Option<Moment>, target: Option<Target>) -> Head {
    let arguments = std::env::args_os().skip(1);
    // What is not UTF-8 in them is replaced.
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    Head {
        schema: SCHEMA.to_owned(),
        tool: Tool {
            name: env!("CARGO_PKG_NAME").to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        },
        command: command.to_owned(),
        arguments: arguments.collect(),
        started_at: begun.map(|begun| rfc3339(begun.wall)),
        elapsed_s: begun.map(|begun| clock::since(begun.monotonic).as_secs_f64()),
        target,
    }
}

/// This process's environment, as far as it is text: the SDK reads no other.
#[must_use]
pub fn environment() -> Variables {
    let text = |(name, value): (OsString, OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}

/// RFC 3339, UTC, to the second.
#[must_use]
pub fn rfc3339(time: SystemTime) -> String {
    let time = OffsetDateTime::from(time)
        .replace_nanosecond(0)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    time.format(&Rfc3339).unwrap_or_default()
}

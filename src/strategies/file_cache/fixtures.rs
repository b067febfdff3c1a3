//! What the tests of the cache begin with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;

use super::entry::Entry;

/// A moment, in seconds after that of most fetches.
pub(super) fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(1_000_000.0 + seconds)
}

pub(super) fn credentials(expiry_s: f64) -> Credentials {
    let token = Some("the-token".into());
    let expiry = Some(at(expiry_s));
    Credentials::new("ASIAEXAMPLE", "the-secret", token, expiry, "test")
}

/// Credentials fetched at 0 for an hour: early from 2700 s, late from 3540 s.
pub(super) fn hour() -> Entry {
    fetched(credentials(3600.0), 0.0).expect("they expire")
}

pub(super) fn fetched(credentials: Credentials, at_s: f64) -> Option<Entry> {
    Entry::fetched(credentials, at(at_s), |lifetime| lifetime / 4)
}

//! What the tests of leases begin with.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;

/// A moment, in seconds after that of most fetches.
pub(super) fn at(seconds: f64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs_f64(1_000_000.0 + seconds)
}

pub(super) fn credentials(expiry_s: f64) -> Credentials {
    let token = Some("the-token".into());
    let expiry = Some(at(expiry_s));
    Credentials::new("ASIAEXAMPLE", "the-secret", token, expiry, "test")
}

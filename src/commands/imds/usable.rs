//! Credentials that have not expired: what a fetch has to come to. Those without a key are refused where sources are.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use crate::clock;

/// What the SDK's metadata provider adds to the time, in whole seconds, when it is given credentials that have expired.
const LENGTHENED: std::ops::RangeInclusive<u64> = 600..=900;

/// A provider whose expired credentials are errors.
#[derive(Debug)]
pub(super) struct Usable(pub SharedCredentialsProvider);

impl ProvideCredentials for Usable {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let begun = clock::wall();
            let credentials = self.0.provide_credentials().await?;
            if have_expired(&credentials, begun, clock::wall()) {
                return Err(CredentialsError::provider_error(EXPIRED));
            }
            Ok(credentials)
        })
    }
}

const EXPIRED: &str = "the source gave credentials that have expired";

/// Whether credentials that were fetched between these times had expired by then.
fn have_expired(credentials: &Credentials, begun: SystemTime, ended: SystemTime) -> bool {
    let expiry = credentials.expiry();
    expiry.is_some_and(|expiry| expiry <= ended || is_lengthened(expiry, begun, ended))
}

/// Whether the SDK has put an expiry of its own in the place of one that has passed: whole seconds after the moment at
/// which it did. Sources state theirs in whole seconds of the day.
fn is_lengthened(expiry: SystemTime, begun: SystemTime, ended: SystemTime) -> bool {
    let of_day = expiry.duration_since(SystemTime::UNIX_EPOCH);
    let Ok(left) = expiry.duration_since(ended) else {
        return false;
    };
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    of_day.is_ok_and(|of_day| of_day.subsec_nanos() > 0)
        && LENGTHENED.contains(&seconds)
        && expiry - Duration::from_secs(seconds) >= begun
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_past_their_end_are_not_usable() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_millis(1_000_000_300);
        let end = now + Duration::from_millis(5);
        let usable = |expiry| {
            let credentials = Credentials::new("ASIA", "s", None, expiry, "test");
            !have_expired(&credentials, now, end)
        };
        let whole = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let minutes = |n| Duration::from_mins(n);
        assert!(usable(None));
        assert!(usable(Some(whole + minutes(12))));
        assert!(usable(Some(now + minutes(60))));
        assert!(!usable(Some(now)));
        let lengthened = now + Duration::from_millis(2) + minutes(12);
        assert!(!usable(Some(lengthened)), "the SDK's own expiry");
    }
}

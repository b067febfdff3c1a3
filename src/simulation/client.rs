//! What all players have in common, to a process that calls.

use std::time::SystemTime;

use aws_credential_types::provider::{ProvideCredentials, future};

use crate::strategies::{RenewalStrategy, RenewingProvider};

/// What a process has its credentials from.
pub(super) trait Client: Send + Sync {
    /// Credentials for a call.
    fn provide(&self) -> future::ProvideCredentials<'_>;

    /// When a call will next do more than read what is there; `None` if it might now.
    fn quiet_until(&self) -> Option<SystemTime>;

    /// A service refused the credentials with this access key ID. Only ours take notice.
    fn refused(&self, _access_key_id: &str) {}
}

impl<S: RenewalStrategy> Client for RenewingProvider<S> {
    fn provide(&self) -> future::ProvideCredentials<'_> {
        self.provide_credentials()
    }

    fn quiet_until(&self) -> Option<SystemTime> {
        self.quiet_until()
    }

    fn refused(&self, access_key_id: &str) {
        self.on_refusal().refuse(access_key_id);
    }
}

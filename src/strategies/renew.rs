//! What a strategy fetches through.

use std::fmt::Debug;

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

/// Gets credentials to replace those that are held. Where a source is shared, somebody else may have
/// replaced them already.
pub trait Renew: Debug + Send + Sync {
    /// The newest credentials to be had, fetched from the source unless others than `held` are at hand that
    /// are good for a while. A source that has nothing newer answers with what `held` is.
    fn renew<'a>(&'a self, held: Option<&'a Credentials>) -> future::ProvideCredentials<'a>;
}

/// A provider always fetches.
impl Renew for SharedCredentialsProvider {
    fn renew<'a>(&'a self, _: Option<&'a Credentials>) -> future::ProvideCredentials<'a> {
        self.provide_credentials()
    }
}

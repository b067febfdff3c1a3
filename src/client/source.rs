//! A source of credentials by itself, without a client of any service.

use std::sync::Arc;

use aws_credential_types::provider::SharedCredentialsProvider;

use super::setup::{self, SetupError};
use super::transport::{self, Transport};
use crate::credentials::{Exchanges, NamedSource};

/// A provider for `named` that has fetched nothing yet (unless the source is static), on connections of its own, whose
/// HTTP exchanges are recorded in `exchanges`.
///
/// # Errors
///
/// When its connections cannot be made, or the source is not configured.
pub async fn provider_of(
    named: &NamedSource,
    exchanges: &Exchanges,
) -> Result<SharedCredentialsProvider, SetupError> {
    let http = if named.is_plain() {
        transport::plain()?
    } else {
        Transport::new(None, &named.variables)?.client(&Arc::default())?
    };
    setup::provider(named, exchanges.timed(http)).await
}

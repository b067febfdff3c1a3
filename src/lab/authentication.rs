//! Whoever signed a request: the check that every service with signatures makes in the same order.

use std::time::SystemTime;

use super::issuer::{CredentialsError, Issuer, Principal};
use super::service::Request;
use super::sigv4::{Authorization, SignatureError};

/// Why nobody is taken for the signer. Each service has codes of its own for it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum AuthenticationError {
    #[error(transparent)]
    Signature(#[from] SignatureError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
}

/// The signer of `request`, which must be for `service` in `region` and recent at `now`.
pub(super) fn authenticate(
    issuer: &Issuer,
    request: &Request,
    service: &str,
    region: &str,
    now: SystemTime,
) -> Result<Principal, AuthenticationError> {
    let authorization = Authorization::read(&request.head)?;
    let secret = issuer.secret_of(&authorization.access_key_id);
    let secret = secret.ok_or(CredentialsError::UnknownKey)?;
    authorization.check_scope(region, service)?;
    authorization.check_time(now)?;
    authorization.check_signature(&request.head, request.bytes(), &secret)?;
    let token = authorization.session_token.as_deref();
    Ok(issuer.check(&authorization.access_key_id, token, now)?)
}

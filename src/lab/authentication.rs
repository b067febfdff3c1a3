//! Whoever signed a request: the check that every service with signatures makes in the same order, but for S3,
//! which has an order and codes of its own.

use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::issuer::{CredentialsError, Issuer, Principal};
use super::service::Request;
use super::sigv4::{Authorization, Dialect, SignatureError};

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
    let (head, dialect) = (&request.head, Dialect::General);
    let authorization = Authorization::read(head, dialect)?;
    let secret = issuer.secret_of(&authorization.access_key_id);
    let secret = secret.ok_or(CredentialsError::UnknownKey)?;
    authorization.check_scope(region, service)?;
    authorization.check_time(now, dialect)?;
    authorization.check_signed_headers(head)?;
    let body = hex::encode(Sha256::digest(request.bytes()));
    authorization.check_signature(head, &body, &secret, dialect)?;
    let token = authorization.session_token.as_deref();
    Ok(issuer.check(&authorization.access_key_id, token, now)?)
}

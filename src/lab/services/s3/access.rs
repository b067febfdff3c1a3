//! Whom S3 lets in: the lab's issuer, asked in the form that `s3s` asks in.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};

use crate::clock;
use crate::lab::issuer::CredentialsError;
use crate::lab::sigv4;
use crate::lab::state::LabState;

/// The secret for a key id, with which `s3s` checks the signature.
pub(super) struct Keys(pub(super) Arc<LabState>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self.0.issuer.secret_of(access_key);
        secret.map(SecretKey::from).ok_or_else(unknown_key)
    }
}

/// What is left to check once the signature is good: the session token and its expiry.
pub(super) struct Access(pub(super) Arc<LabState>);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let header = context.headers().get("x-amz-security-token");
        let token = match header.and_then(|token| token.to_str().ok()) {
            Some(token) => Some(token.into()),
            None => sigv4::parameter(
                context.uri().query().unwrap_or_default(),
                "X-Amz-Security-Token",
            ),
        };
        let (key, token) = (&credentials.access_key, token.as_deref());
        match self.0.issuer.check(key, token, clock::wall()) {
            Ok(_) => Ok(()),
            Err(CredentialsError::UnknownKey) => Err(unknown_key()),
            Err(CredentialsError::WrongToken) => Err(s3_error!(
                InvalidToken,
                "The provided token is malformed or otherwise invalid."
            )),
            Err(CredentialsError::Expired) => {
                Err(s3_error!(ExpiredToken, "The provided token has expired."))
            }
        }
    }
}

fn unknown_key() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records.",
    )
}

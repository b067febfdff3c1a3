//! Whom S3 lets in: the lab's issuer, asked in the form that `s3s` asks in.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Error, S3Result, s3_error};

use crate::clock;
use crate::lab::issuer::CredentialsError;
use crate::lab::sigv4;
use crate::lab::state::LabState;

pub(super) struct Access(pub(super) Arc<LabState>);

#[async_trait::async_trait]
impl S3Auth for Access {
    /// The secret for a key id, with which `s3s` checks the signature.
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self.0.issuer.secret_of(access_key);
        secret.map(SecretKey::from).ok_or_else(unknown_key)
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    /// What is left to check once the signature is good: the session token and its expiry.
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        let Some(credentials) = context.credentials() else {
            return Err(s3_error!(AccessDenied, "Access Denied"));
        };
        let header = context.headers().get("x-amz-security-token");
        let query = context.uri().query().unwrap_or_default();
        let token = match header.and_then(|token| token.to_str().ok()) {
            Some(token) => Some(token.into()),
            None => sigv4::parameter(query, "X-Amz-Security-Token"),
        };
        let (key, token) = (&credentials.access_key, token.as_deref());
        let checked = self.0.issuer.check(key, token, clock::wall());
        checked.map(drop).map_err(|error| match error {
            CredentialsError::UnknownKey => unknown_key(),
            CredentialsError::WrongToken => s3_error!(
                InvalidToken,
                "The provided token is malformed or otherwise invalid."
            ),
            CredentialsError::Expired => {
                s3_error!(ExpiredToken, "The provided token has expired.")
            }
        })
    }
}

fn unknown_key() -> S3Error {
    s3_error!(
        InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records."
    )
}

//! What `s3s` asks of whoever serves with it: nothing more of what was [let in](super::admission), and of requests
//! with the signatures that are left to it, the secret of the key and whether the key is still good.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::{S3Result, s3_error};

use super::admission::Admitted;
use crate::lab::sigv4;
use crate::lab::state::LabState;

#[derive(Clone)]
pub(super) struct Access(pub(super) Arc<LabState>);

#[async_trait::async_trait]
impl S3Auth for Access {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        let secret = self.0.issuer.secret_of(access_key);
        let secret = secret.map(SecretKey::from);
        secret.ok_or_else(|| {
            s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records."
            )
        })
    }
}

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.extensions_mut().get::<Admitted>().is_some() {
            return Ok(());
        }
        let query = context.uri().query().unwrap_or_default();
        let token = sigv4::parameter(query, "x-amz-security-token");
        let key = context
            .credentials()
            .map(|signer| signer.access_key.as_str());
        let good = key.is_some_and(|key| {
            let issuer = &self.0.issuer;
            issuer.check(key, token.as_deref(), self.0.now()).is_ok()
        });
        if good {
            Ok(())
        } else {
            Err(s3_error!(AccessDenied, "Access Denied"))
        }
    }
}

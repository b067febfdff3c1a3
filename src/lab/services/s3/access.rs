//! Whom S3 lets in, and under which names: what `s3s` asks of whoever serves with it.

use std::sync::Arc;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::{S3Error, S3Result, s3_error};

use crate::clock;
use crate::lab::issuer::CredentialsError;
use crate::lab::router::without_port;
use crate::lab::scenario::is_region;
use crate::lab::sigv4;
use crate::lab::state::LabState;

#[derive(Clone)]
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

/// `BUCKET.s3.REGION.amazonaws.com` and its kin; any other name is the service itself.
impl S3Host for Access {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = without_port(host);
        let virtual_host = VirtualHost::new(name);
        Ok(match bucket_of(name) {
            Some(bucket) => virtual_host.with_bucket(bucket),
            None => virtual_host,
        })
    }
}

fn unknown_key() -> S3Error {
    s3_error!(
        InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records."
    )
}

/// The bucket that a virtual host names.
pub(super) fn bucket_of(host: &str) -> Option<&str> {
    let bucket = bucket_in(host.strip_suffix(".amazonaws.com")?)?;
    (!bucket.is_empty()).then_some(bucket)
}

/// The bucket that a name under `amazonaws.com` names, empty for S3 itself; `None` if it is not S3's.
pub(super) fn bucket_in(name: &str) -> Option<&str> {
    let is_s3 = |name: &str| {
        name.strip_prefix("s3").is_some_and(|rest| {
            let rest = rest.strip_prefix(['.', '-']).unwrap_or(rest);
            let rest = rest.strip_prefix("dualstack.").unwrap_or(rest);
            rest.is_empty() || is_region(rest)
        })
    };
    if is_s3(name) {
        return Some("");
    }
    let mut ends = name.match_indices(".s3").map(|(at, _)| at);
    ends.find(|at| is_s3(&name[at + 1..])).map(|at| &name[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_of_virtual_hosts() {
        assert_eq!(bucket_of("logs.s3.eu-west-1.amazonaws.com"), Some("logs"));
        assert_eq!(bucket_of("a.b.s3.amazonaws.com"), Some("a.b"));
        assert_eq!(bucket_of("s3.eu-west-1.amazonaws.com"), None);
        assert_eq!(
            bucket_of("my.s3log.s3.us-east-1.amazonaws.com"),
            Some("my.s3log")
        );
        assert_eq!(bucket_of("localhost"), None);
    }
}

//! The key that a secret becomes for one day, Region and service, and what is signed with it.

use hmac::Mac;

use super::error::{Result, SignatureError};
use crate::lab::lab_key::hmac_sha256;

/// A derived key, with what every string that is signed with it says of time and scope.
pub(in crate::lab) struct SigningKey {
    key: Vec<u8>,
    stamp: String,
    scope: String,
}

impl SigningKey {
    /// `scope` is the day, the Region and the service.
    pub(super) fn derive(secret: &str, stamp: &str, scope: &[String; 3]) -> Self {
        let [day, region, service] = scope;
        let scope = [day, region, service, "aws4_request"];
        let secret = [b"AWS4", secret.as_bytes()].concat();
        let key = scope.iter().fold(secret, |key, part| {
            let derived = hmac_sha256(&key).chain_update(part).finalize();
            derived.into_bytes().to_vec()
        });
        Self {
            key,
            stamp: stamp.to_owned(),
            scope: scope.join("/"),
        }
    }

    /// Whether `signature` is that of this algorithm's string over `rest`. Signatures are written in lower case.
    pub(in crate::lab) fn verify(
        &self,
        algorithm: &str,
        rest: &str,
        signature: &str,
    ) -> Result<()> {
        let lower = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let bytes = hex::decode(signature).ok();
        let bytes = bytes.filter(|_| signature.bytes().all(lower));
        let to_sign = format!("{algorithm}\n{}\n{}\n{rest}", self.stamp, self.scope);
        let computed = hmac_sha256(&self.key).chain_update(to_sign);
        let verified = bytes.is_some_and(|bytes| computed.verify_slice(&bytes).is_ok());
        verified.then_some(()).ok_or(SignatureError::Mismatch)
    }
}

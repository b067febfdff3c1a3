//! The web identity token that the lab's own identity provider gives a workload.
//!
//! A JSON Web Token (RFC 7519) in the form that EKS projects into a pod. It is signed with the
//! lab's key rather than an RSA key, since only the lab's STS ever checks it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::lab::api_error::ApiError;
use crate::lab::lab_key::LabKey;

/// What the token is for.
const AUDIENCE: &str = "sts.amazonaws.com";
/// Whom it speaks for.
const SUBJECT: &str = "system:serviceaccount:default:awscreds-bench";
/// A projected token is good for a day.
const LIFETIME: Duration = Duration::from_hours(24);
const PURPOSE: &str = "web identity";

#[derive(Serialize, Deserialize)]
pub(super) struct Identity {
    pub(super) aud: Vec<String>,
    pub(super) exp: u64,
    pub(super) iat: u64,
    pub(super) iss: String,
    pub(super) sub: String,
}

/// Why a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenError {
    Invalid,
    Expired,
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid => Self::bad_request(
                "InvalidIdentityToken",
                "The web identity token provided could not be validated",
            ),
            TokenError::Expired => Self::bad_request(
                "ExpiredTokenException",
                "Token expired: current date/time must be before the expiration date/time",
            ),
        }
    }
}

/// The provider of a Region, as EKS names them.
fn issuer(region: &str) -> String {
    format!("https://oidc.eks.{region}.amazonaws.com/id/AWSCREDSBENCHLAB")
}

/// A token for the lab's workload.
pub(in crate::lab) fn mint(key: &LabKey, region: &str, now: SystemTime) -> String {
    let iat = seconds(now);
    let identity = Identity {
        aud: vec![AUDIENCE.to_owned()],
        exp: iat + LIFETIME.as_secs(),
        iat,
        iss: issuer(region),
        sub: SUBJECT.to_owned(),
    };
    let head = serde_json::json!({"alg": "HS256", "kid": "lab", "typ": "JWT"});
    let body = serde_json::to_vec(&identity).unwrap_or_default();
    let signed = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(head.to_string()),
        URL_SAFE_NO_PAD.encode(body)
    );
    let code = key.mac(PURPOSE, &[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(code))
}

/// What a token says, if the lab made it and it has not expired.
pub(super) fn verify(key: &LabKey, token: &str, now: SystemTime) -> Result<Identity, TokenError> {
    let (signed, code) = token.rsplit_once('.').ok_or(TokenError::Invalid)?;
    let (_, body) = signed.split_once('.').ok_or(TokenError::Invalid)?;
    let decode = |text: &str| {
        URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| TokenError::Invalid)
    };
    if !key.verifies(PURPOSE, &[signed.as_bytes()], &decode(code)?) {
        return Err(TokenError::Invalid);
    }
    let identity: Identity =
        serde_json::from_slice(&decode(body)?).map_err(|_| TokenError::Invalid)?;
    if seconds(now) >= identity.exp {
        return Err(TokenError::Expired);
    }
    Ok(identity)
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_a_day_and_for_its_own_lab() {
        let key = LabKey::new(1);
        let now = UNIX_EPOCH + Duration::from_secs(1_000);
        let token = mint(&key, "eu-west-1", now);
        assert_eq!(verify(&key, &token, now).unwrap().sub, SUBJECT);
        let tomorrow = now + LIFETIME;
        assert_eq!(
            verify(&key, &token, tomorrow).err(),
            Some(TokenError::Expired)
        );
        let other = LabKey::new(2);
        assert_eq!(verify(&other, &token, now).err(), Some(TokenError::Invalid));
    }

    #[test]
    fn noise_is_garbled() {
        let key = LabKey::new(1);
        for noise in ["", ".", "..", "a.b.c", "eyJ.eyJ.", "\u{fffd}"] {
            assert_eq!(
                verify(&key, noise, UNIX_EPOCH).err(),
                Some(TokenError::Invalid),
                "{noise}"
            );
        }
    }
}
